"""One static page per evaluation: results, pictures, cohorts, claims, and every case beside its note."""

import base64
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.corpora import audio_path
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.suite import Suite
from vaidya.evaluation.table import counts, interval, number
from vaidya.schema import SECTIONS, TranscriptState, TriageRecord

MAX_CASE_PAGES = 200  # past this a page is too heavy for a phone
MAX_EMBEDDED_AUDIO = 400_000  # bytes a clip; larger ones are not embedded
_MEDIA = {".ogg": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav", ".mp3": "audio/mpeg"}


def write_report(  # noqa: PLR0913 - the parts of a page
    path: Path,
    *,
    suite: Suite,
    config: RunConfig,
    runs: Sequence[ArmOutcomes],
    rows: Sequence[Row],
    run_id: str,
    figures: Mapping[str, Any],
    claims: Sequence[Mapping[str, str]] = (),
    left_out: Sequence[str] = (),
) -> Path:
    """Write the page; figures are named by their alternative text."""
    from jinja2 import Environment

    template = (resources.files("vaidya.evaluation.report") / "page.html.j2").read_text(encoding="utf-8")
    page = (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            title=f"vaidya · {suite.suite}",
            description=suite.description,
            run_id=run_id,
            profile=config.profile,
            digest=config.digest,
            commit=_commit(),
            created=provenance.now(),
            machine=_machine(),
            left_out=left_out,
            rows=[_row_view(row) for row in rows if row.cohort == ALL],
            cohorts=[_row_view(row) for row in rows if row.cohort != ALL and row.arm == PIPELINE_ARM],
            figures=[{"alt": name, "source": data_uri(figure)} for name, figure in figures.items()],
            claims=claims,
            cases=_case_views(runs),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def data_uri(figure: Any) -> str:
    """A matplotlib figure as a PNG that needs no second file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _commit() -> str:
    commit, dirty = provenance.git_state()
    return f"{commit[:12]}{' with uncommitted changes' if dirty else ''}" if commit else "not a checkout"


def _machine() -> str:
    machine = provenance.hardware()
    accelerator = f", {machine.accelerator}" if machine.accelerator else ""
    return f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GB{accelerator}"


def _row_view(row: Row) -> dict[str, str]:
    return {
        "dataset": row.dataset,
        "arm": row.arm,
        "metric": row.metric,
        "cohort": row.cohort,
        "value": number(row.value),
        "interval": interval(row),
        "counts": counts(row) + (f", {row.n_unscored} unscored" if row.n_unscored else ""),
        "reason": row.reason or "",
    }


def _case_views(runs: Sequence[ArmOutcomes]) -> list[dict[str, Any]]:
    outcomes = [(run.dataset.name, o) for run in runs if run.arm == PIPELINE_ARM for o in run.outcomes]
    return [_case_view(dataset, o, detailed=i < MAX_CASE_PAGES) for i, (dataset, o) in enumerate(outcomes)]


def _case_view(dataset: str, outcome: Outcome, *, detailed: bool) -> dict[str, Any]:
    case, record = outcome.case, outcome.record
    view = {
        "id": case.id,
        "dataset": dataset,
        "language": case.language or "",
        "reference": case.tier.value if case.tier else "",
        "reference_severity": case.tier.severity if case.tier else -1,
        "decided": record.decision.tier.value if record else (outcome.reason or "section"),
        "decided_severity": record.decision.tier.severity if record else -1,
        "wrong": bool(record and case.tier and record.decision.tier < case.tier),
        "human": "yes" if record and record.decision.needs_human else "no",
        "unsupported": sum(not s.supported for _, s in record.note.statements()) if record else "",
        "seconds": f"{record.timings.get('total', 0.0):.1f}" if record else "",
        "note": None,
    }
    return view | _details(outcome, record) if detailed and record else view


def _details(outcome: Outcome, record: TriageRecord) -> dict[str, Any]:
    reasons = [f"{r.source.value}:{r.rule} → {r.tier.value}" for r in record.decision.reasons]
    sections = [{"name": name, "statements": [_statement(s) for s in record.note.section(name)]} for name in SECTIONS]
    heard = record.transcript.segments if record.transcript.state is not TranscriptState.NO_SPEECH else ()
    return {
        "state": f"{record.transcript.state.value} {' '.join(record.transcript.reasons)}",
        "heard": [segment.text for segment in heard],
        "reasons": "; ".join(reasons) or "none",
        "note": sections,
        "withheld": [statement.text for statement in record.note.withheld],
        "audio": _audio_uri(outcome),
    }


def _statement(statement: Any) -> dict[str, Any]:
    return {"text": statement.text, "supported": statement.supported, "origin": statement.origin.value}


def _audio_uri(outcome: Outcome) -> str | None:
    path = audio_path(outcome.case)
    if path is None or path.suffix not in _MEDIA or not path.exists() or path.stat().st_size > MAX_EMBEDDED_AUDIO:
        return None
    return f"data:{_MEDIA[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
