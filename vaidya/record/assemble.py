"""Intake in, TriageRecord out: what stands at the two ends of the pipeline."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.errors import InputError, IntakeError, LanguageError, PatientError, VitalsError
from vaidya.note.base import Draft
from vaidya.note.tier_probabilities import tier_probabilities
from vaidya.schema import (
    Decision,
    Failure,
    Findings,
    Intake,
    Patient,
    Provenance,
    Recording,
    SoapNote,
    Transcript,
    TriageRecord,
    Vitals,
    WeightsUsed,
)
from vaidya.units import VITAL_UNITS

PRESSURES = {"sbp", "dbp"}
UNKNOWN = "extra_forbidden"  # pydantic's type of an error about a field that a model does not have
UNREADABLE = "json_invalid"  # nested too deep
NAME = re.compile(r"[a-z][a-z0-9_]{1,23}")  # what may be repeated of a field's name


def make_intake(
    audio: str | Path | bytes | None = None,
    *,
    vitals: Vitals | Mapping[str, Any] | None = None,
    patient: Patient | Mapping[str, Any] | None = None,
    language: str | None = None,
    complaint: str | None = None,
    transcript: str | None = None,
) -> Intake:
    """An intake from plain values, each refused by name when it cannot be.

    An impossible vital sign is left out, and `refused` says why, where anything else was given to decide on
    (docs/decisions/0013).

    Raises:
        VitalsError, PatientError, LanguageError, IntakeError: what was found, and what is accepted.
    """
    if language is not None and not (language.isalpha() and language.islower() and 2 <= len(language) <= 3):
        raise LanguageError("the language is not an ISO 639 code; give for example en, hi, ta, te, kn")
    measured, refused = read_vitals(vitals or {})
    try:
        intake = Intake(
            audio=Path(audio) if isinstance(audio, str) else audio,
            vitals=measured,
            patient=read_patient(patient or {}),
            language=language,
            complaint=complaint or None,
            transcript=transcript or None,
            refused=refused,
        )
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors())
        raise IntakeError(f"the intake cannot be used: {fields}") from error
    if refused and intake.audio is None and not intake.tells:
        raise VitalsError("; ".join(refused))
    return intake


def read_vitals(values: Vitals | Mapping[str, Any]) -> tuple[Vitals, tuple[str, ...]]:
    """Vitals from a mapping of field names to numbers, and why each value was left out that cannot be.

    Two pressures that contradict each other are both left out: nobody can tell which one is wrong.

    Raises:
        VitalsError: a name is unknown (a caller's mistake, seen with the first call), or it is no mapping.
    """
    if isinstance(values, Vitals):
        return values, ()
    plain = _plain(values, VitalsError)
    try:
        return Vitals.model_validate_json(plain), ()
    except ValidationError as error:
        problems = error.errors()
    why = tuple(_problem(Vitals, problem, _vital_advice) for problem in problems)
    if any(problem["type"] in (UNKNOWN, UNREADABLE) for problem in problems):
        raise VitalsError("; ".join(why))
    wrong = {str(problem["loc"][0]) for problem in problems if problem["loc"]} or PRESSURES
    kept, more = read_vitals({name: value for name, value in json.loads(plain).items() if name not in wrong})
    return kept, (*why, *more)


def read_patient(values: Patient | Mapping[str, Any]) -> Patient:
    """Patient from a mapping of field names to values.

    Raises:
        PatientError: an unknown name or an impossible value.
    """
    if isinstance(values, Patient):
        return values
    try:
        return Patient.model_validate_json(_plain(values, PatientError))
    except ValidationError as error:
        raise PatientError("; ".join(_problem(Patient, item) for item in error.errors())) from error


def _plain(values: Mapping[str, Any], error_class: type[InputError]) -> str:
    """As JSON, so that "A" becomes an enum and "93" stays a string that is refused."""
    try:
        return json.dumps({str(key).replace("-", "_"): value for key, value in values.items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise error_class("vital signs and what is known of the patient are names with numbers") from error


def _problem(model: type[BaseModel], item: Any, advice: Callable[[str], str] = lambda _name: "") -> str:
    """What was found and what is accepted. Free text is never repeated: somebody may have typed a name into a field."""
    name = str(item["loc"][0]) if item["loc"] else ""
    if item["type"] == UNKNOWN:
        shown = repr(name) if NAME.fullmatch(name) else "a name"
        return f"{shown} is not known; there are {', '.join(model.model_fields)}"
    found = item.get("input")
    number = f" {found!r}" if isinstance(found, int | float) else ""
    return f"{name}{number}: {item['msg']}{advice(name)}" if name else str(item["msg"])


def _vital_advice(name: str) -> str:
    unit = VITAL_UNITS.get(name)
    if unit is None:
        return "; one of A, C, V, P, U" if name == "consciousness" else ""
    celsius = " (Fahrenheit is not accepted)" if name == "temperature" else ""
    return f"; {unit.label} is accepted from {unit.low:g} to {unit.high:g} {unit.unit}{celsius}"


def record_id(intake: Intake, audio_sha256: str | None, config_digest: str) -> str:
    """Digest of everything that decides a record, so the same consultation has the same id."""
    content = intake.model_dump(mode="json", exclude={"audio"})
    canonical = json.dumps([content, audio_sha256, config_digest], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def assemble(  # noqa: PLR0913 - a record has this many parts
    intake: Intake,
    config: RunConfig,
    *,
    recording: Recording | None,
    transcript: Transcript,
    findings: Findings,
    draft: Draft,
    note: SoapNote,
    decision: Decision,
    failures: tuple[Failure, ...],
    weights: tuple[WeightsUsed, ...],
    timings: Mapping[str, float],
) -> TriageRecord:
    """The record, with its provenance."""
    info = recording.info if recording else None
    return TriageRecord(
        record_id=record_id(intake, info.sha256 if info else None, config.digest),
        patient=intake.patient,
        vitals=intake.vitals,
        complaint=intake.complaint,
        recording=info,
        transcript=transcript,
        findings=findings,
        note=note,
        decision=decision,
        failures=failures,
        provenance=_provenance(config, note.prompt_version, weights),
        timings={name: round(seconds, 6) for name, seconds in timings.items()},
        tokens=_tokens(draft),
        model_tier_probabilities=tier_probabilities(draft.generations, draft.tier),
    )


def _provenance(config: RunConfig, prompt_version: str | None, weights: tuple[WeightsUsed, ...]) -> Provenance:
    commit, dirty = provenance.git_state()
    return Provenance(
        vaidya_version=provenance.version(),
        profile=config.profile,
        config_digest=config.digest,
        prompt_version=prompt_version,
        weights=weights,
        git_commit=commit,
        dirty=dirty,
        hardware=provenance.hardware(),
        created_at=provenance.now(),
    )


def _tokens(draft: Draft) -> dict[str, float]:
    """Sums over every request; a count that an engine does not tell is absent, not 0."""
    totals: dict[str, float] = {}
    for name in ("tokens_in", "tokens_cached", "tokens_out", "ttft_s", "decode_s"):
        values = [getattr(g, name) for g in draft.generations]
        if values and all(value is not None for value in values):
            totals[name] = round(float(sum(values)), 6)
    if draft.generations:
        totals["requests"] = float(len(draft.generations))
        totals["repaired"] = float(draft.attempt in ("repaired", "cut"))
    return totals
