"""Cases as a page shows them: what was heard beside the note, why the tier, and what the reference says is wrong."""

import base64
from collections.abc import Sequence
from typing import Any

from vaidya.corpora import audio_path
from vaidya.evaluation.note_facts import placements
from vaidya.evaluation.note_support import judge
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.record import view
from vaidya.schema import SECTIONS, Case, Reason, Segment, SoapNote, Statement, Tier, TriageRecord

MAX_DETAILED = 200  # cases; past this a page is too heavy for a phone
MAX_CLIP_BYTES = 400_000  # longer recordings are not embedded
MAX_AUDIO_BYTES = 12_000_000  # of all clips of a page
_MEDIA = {".ogg": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav", ".mp3": "audio/mpeg"}


def case_views(runs: Sequence[ArmOutcomes]) -> list[dict[str, Any]]:
    """Every case of the pipeline's own arm; the first ones with all details."""
    outcomes = [(run.dataset.name, o) for run in runs if run.arm == PIPELINE_ARM for o in run.outcomes]
    left = MAX_AUDIO_BYTES
    views = []
    for place, (dataset, outcome) in enumerate(outcomes):
        shown = _summary(dataset, outcome)
        if outcome.record is not None and place < MAX_DETAILED:
            clip = _clip(outcome.case, left)
            left -= len(clip or "")
            shown |= _details(outcome.case, outcome.record) | {"audio": clip, "no_audio": _no_audio(outcome.case)}
        views.append(shown)
    return views


def _summary(dataset: str, outcome: Outcome) -> dict[str, Any]:
    case, record = outcome.case, outcome.record
    accepted = acceptable_tiers(case)
    view = {
        "id": case.id,
        "dataset": dataset,
        "language": case.language or "",
        "reference": _names(accepted),
        "reference_severity": max((tier.severity for tier in accepted), default=-1),
        "decided": None,
        "decided_severity": -1,
        "outcome": outcome.reason or "one section",
        "note": None,
    }
    if record is None:
        return view
    return view | {
        "decided": _tier(record.decision.tier),
        "decided_severity": record.decision.tier.severity,
        "wrong": _wrong(record.decision.tier, accepted),
        "human": "yes" if record.decision.needs_human else "no",
        "marked": sum(not statement.supported for _, statement in record.note.statements()),
        "faults": len(_faults(case, record.note)) if case.turns else "",
        "seconds": f"{record.timings['total']:.1f}" if "total" in record.timings else "",
    }


def _wrong(decided: Tier, accepted: Sequence[Tier]) -> str:
    if not accepted or decided in accepted:
        return ""
    return "▼ too low" if decided < min(accepted) else ("▲ higher" if decided > max(accepted) else "between")


def _tier(tier: Tier) -> dict[str, str]:
    return {"name": _name(tier), "colour": tier.colour}


def _name(tier: Tier) -> str:
    return tier.value.replace("_", "-")


def _names(tiers: Sequence[Tier]) -> str:
    found = [_name(tier) for tier in sorted(tiers)]
    return f"{found[0]} to {found[-1]}" if len(found) > 2 else " or ".join(found)


def _details(case: Case, record: TriageRecord) -> dict[str, Any]:
    decision = record.decision
    return {
        "state": view.heard(record),
        "heard": [_segment(record, segment) for segment in record.transcript.segments],
        "sounds": view.sounds(record) if record.recording is not None else "",
        "said": [{"speaker": turn.speaker, "text": turn.text} for turn in case.turns] if case.audio else [],
        "patient": view.patient(record),
        "measured": view.pairs(view.measured(record)) or "no vital sign was measured",
        "missing": ", ".join(view.missing(record)) or "nothing",
        "preliminary": _name(decision.preliminary_tier) if decision.preliminary_tier else "",
        "reasons": [_reason(record, reason) for reason in sorted(decision.reasons, key=lambda r: r.tier, reverse=True)],
        "person": ", ".join(decision.human_reasons),
        "failures": [f"{failure.stage}: {failure.code} {failure.message}" for failure in record.failures],
        "note_state": view.note_state(record),
        "note": _sections(case, record),
        "withheld": [statement.text for statement in record.note.withheld],
        "omitted": _omitted(case, record.note),
    }


def _segment(record: TriageRecord, segment: Segment) -> dict[str, str]:
    english = segment.english if segment.english and segment.english != segment.text else ""
    where = _where(record, f"segment:{segment.id}")
    return {"span": where, "text": segment.text, "english": english, "language": record.transcript.language or ""}


def _where(record: TriageRecord, item: str) -> str:
    """What a piece of evidence points at; speech that came as text has lines, not times."""
    kind, _, name = item.partition(":")
    return f"line {int(name) + 1}" if kind == "segment" and record.recording is None else view.evidence(record, item)


def _reason(record: TriageRecord, reason: Reason) -> dict[str, Any]:
    where = "; ".join(_where(record, item) for item in reason.evidence)
    text = " · ".join(
        part for part in (reason.source.value.replace("_", " "), reason.rule, reason.detail, where) if part
    )
    return {"tier": _tier(reason.tier), "text": text}


def _sections(case: Case, record: TriageRecord) -> list[dict[str, Any]]:
    faults = _faults(case, record.note) if case.turns else {}
    return [
        {"name": name, "statements": [_statement(record, s, faults.get((name, s.text), "")) for s in found]}
        for name in SECTIONS
        if (found := record.note.section(name))
    ]


def _statement(record: TriageRecord, statement: Statement, fault: str) -> dict[str, Any]:
    (line,) = view.lines(record, (statement,))
    return {
        "text": line.text,
        "mark": line.mark,
        "evidence": "; ".join(_where(record, item) for item in statement.evidence),
        "origin": statement.origin.value,
        "unsupported": not statement.supported or bool(fault),
        "fault": fault,
    }


def _faults(case: Case, note: SoapNote) -> dict[tuple[str, str], str]:
    """What the judge of `unsupported_statements` found, by section and text."""
    return {(j.section, j.statement.text): j.fault.value for j in judge(case, note) if j.fault is not None}


def _omitted(case: Case, note: SoapNote) -> list[dict[str, Any]]:
    absent = [placement.fact for placement in placements(case, note) if not placement.sections]
    return [{"text": f.text, "critical": f.critical} for f in sorted(absent, key=lambda fact: not fact.critical)]


def _clip(case: Case, left: int) -> str | None:
    """The recording as an address that needs no second file, while there is room for it."""
    path = audio_path(case)
    if path is None or path.suffix not in _MEDIA or not path.exists():
        return None
    if path.stat().st_size > min(MAX_CLIP_BYTES, left * 3 // 4):
        return None
    return f"data:{_MEDIA[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _no_audio(case: Case) -> str:
    path = audio_path(case)
    return "This case came as text." if path is None else f"{path.name} is too large to stand in this page."
