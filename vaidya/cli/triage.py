"""`vaidya triage`: one consultation."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from vaidya.errors import VitalsError


def triage(  # noqa: PLR0913, PLR0917 - one argument a flag; the flags are the contract
    audio: Annotated[Path | None, typer.Argument(help="WAV, FLAC, MP3, M4A, OGG/Opus, WebM; - is stdin.")] = None,
    respirations: Annotated[float | None, typer.Option(help="Breaths per minute.")] = None,
    spo2: Annotated[float | None, typer.Option(help="Oxygen saturation, %.")] = None,
    spo2_scale: Annotated[int | None, typer.Option(help="2 only where a clinician ordered it (hypercapnia).")] = None,
    on_oxygen: Annotated[bool | None, typer.Option("--on-oxygen/--on-air", help="Supplemental oxygen.")] = None,
    sbp: Annotated[float | None, typer.Option(help="Systolic pressure, mmHg.")] = None,
    dbp: Annotated[float | None, typer.Option(help="Diastolic pressure, mmHg.")] = None,
    pulse: Annotated[float | None, typer.Option(help="Beats per minute.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Degrees Celsius.")] = None,
    consciousness: Annotated[str | None, typer.Option(help="A, C, V, P or U.")] = None,
    pain: Annotated[float | None, typer.Option(help="0 to 10.")] = None,
    vitals: Annotated[Path | None, typer.Option(help="JSON file with the same names; flags win.")] = None,
    age: Annotated[float | None, typer.Option(help="Years.")] = None,
    sex: Annotated[str | None, typer.Option(help="female, male or other.")] = None,
    pregnant: Annotated[bool | None, typer.Option("--pregnant/--not-pregnant")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code of the speech; otherwise detected.")] = None,
    complaint: Annotated[str | None, typer.Option(help="The chief complaint as somebody wrote it down.")] = None,
    profile: Annotated[str, typer.Option(help="Shipped profile, or a path to a YAML file.")] = "embedded",
    override: Annotated[list[str] | None, typer.Option("--set", help="A setting, as llm.max_tokens=512.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the record in this folder, for `vaidya worklist`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the TriageRecord.")] = False,
    fhir: Annotated[bool, typer.Option("--fhir", help="Print only a FHIR R4 Bundle.")] = False,
    redacted: Annotated[
        bool, typer.Option("--redacted", help="Without identifiers, as far as rules find them.")
    ] = False,
) -> None:
    """Triage one consultation: a recording, vital signs, a complaint, or any of them."""
    flags = locals()
    from vaidya.cli.evaluate import settings_of
    from vaidya.config import load_profile
    from vaidya.record.assemble import make_intake
    from vaidya.schema import Vitals

    measured = {
        **_vitals_file(vitals),
        **{name: flags[name] for name in Vitals.model_fields if flags[name] is not None},
    }
    intake = make_intake(
        sys.stdin.buffer.read() if str(audio) == "-" else audio,
        vitals=measured,
        patient={name: flags[name] for name in ("age", "sex", "pregnant") if flags[name] is not None},
        language=language,
        complaint=complaint,
    )
    # Whoever types can type again, and the file is still there; what came through a pipe came once.
    if intake.refused and str(audio) != "-":
        raise VitalsError("; ".join(intake.refused))
    for why in intake.refused:
        print(f"{VitalsError.code}: {why}; left out", file=sys.stderr)
    config = load_profile(profile).override(settings_of(override or []))
    record = _with_progress(intake, config, quiet=as_json or fhir)
    if save is not None:
        from vaidya.record.store import RecordStore

        RecordStore(save).save(record)
    if redacted:
        from vaidya.record.share import shareable

        record = shareable(record)
    _show(record, as_json=as_json, fhir=fhir)


def _vitals_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VitalsError(f"--vitals {path}: not a readable JSON file of vital signs") from error
    if not isinstance(values, dict):
        raise VitalsError(f'--vitals {path}: found {type(values).__name__}, needed an object such as {{"spo2": 93}}')
    return {str(key).replace("-", "_"): value for key, value in values.items() if value is not None}


def _with_progress(intake: Any, config: Any, *, quiet: bool) -> Any:
    """The record; on a terminal, the preliminary tier at once and a line per stage on stderr."""
    from rich.console import Console

    from vaidya.pipeline import Pipeline, fit_to_machine

    pipeline = Pipeline(fit_to_machine(config))
    console = Console(stderr=True, quiet=quiet)
    try:
        with console.status("loading models …") as status:

            def on_event(event: Any) -> None:
                if event.kind == "preliminary_tier" and event.tier is not None:
                    console.print(f"preliminary tier from vitals and complaint: [bold]{event.tier.value}[/]")
                elif event.kind == "started":
                    status.update(f"{event.stage} …")

            return pipeline.run(intake, on_event)
    finally:
        pipeline.close()


def _show(record: Any, *, as_json: bool, fhir: bool) -> None:
    if as_json:
        sys.stdout.write(record.model_dump_json() + "\n")
    elif fhir:
        from vaidya.record.fhir import to_bundle

        sys.stdout.write(json.dumps(to_bundle(record), ensure_ascii=False, indent=2) + "\n")
    else:
        from rich.console import Console

        from vaidya.record.page import page

        Console().print(page(record))
