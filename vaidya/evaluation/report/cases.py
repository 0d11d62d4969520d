"""Cases as a page shows them: what was heard beside the note, why the tier, and what the reference says is wrong."""

from collections.abc import Sequence
from itertools import islice, zip_longest
from typing import Any

from vaidya.config import AudioConfig
from vaidya.evaluation.note_facts import placements
from vaidya.evaluation.note_lexical import rouge
from vaidya.evaluation.note_support import judge
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.report.clips import Clips
from vaidya.evaluation.report.details import tier_name, tier_names, tier_view
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.record import view
from vaidya.schema import SECTIONS, Case, Reason, Segment, SoapNote, Statement, Tier, TriageRecord

MAX_DETAILED = 200  # cases; past this a page is too heavy for a phone
TOO_LOW = "▼ too low"


def case_views(runs: Sequence[ArmOutcomes], audio: AudioConfig) -> list[dict[str, Any]]:
    """Every case of the pipeline's own arm by dataset, errors first; as many with all details as a page can bear.

    The datasets take turns, so that a large one leaves room for the others.
    """
    datasets = []
    for run in (run for run in runs if run.arm == PIPELINE_ARM):
        pairs = [(_summary(run.dataset.name, outcome), outcome) for outcome in run.outcomes]
        datasets.append(sorted(pairs, key=lambda pair: _rank(*pair)))
    turns = (pair for row in zip_longest(*datasets) for pair in row if pair is not None)
    clips = Clips(audio)
    for shown, outcome in islice((pair for pair in turns if _has_details(pair[1])), MAX_DETAILED):
        clip, why = clips.of(outcome.case)
        shown.update(_details(outcome), detailed=True, audio=clip, no_audio=why)
    return [shown for pairs in datasets for shown, _ in pairs]


def _has_details(outcome: Outcome) -> bool:
    return outcome.record is not None or outcome.section is not None


def _rank(shown: dict[str, Any], outcome: Outcome) -> tuple[float, ...]:
    """Too low first, then what has no result, other tiers than the reference, faults of the note, the rest.

    Sections: those that share the fewest words with their reference.
    """
    order = shown["wrong"] == TOO_LOW, not _has_details(outcome), bool(shown["wrong"]), bool(shown["faults"])
    overlap = -1.0 if shown["overlap"] is None else shown["overlap"]
    return (*(-float(found) for found in order), overlap, -float(shown["faults"] or 0))


def _summary(dataset: str, outcome: Outcome) -> dict[str, Any]:
    case, record = outcome.case, outcome.record
    accepted = acceptable_tiers(case)
    overlap = _overlap(outcome)
    shown = {
        "id": case.id,
        "dataset": dataset,
        "language": case.language or "",
        "reference": tier_names(accepted),
        "reference_severity": max((tier.severity for tier in accepted), default=-1),
        "decided": None,
        "decided_severity": -1,
        "outcome": outcome.reason or ("one section" if overlap is None else f"ROUGE-1 {overlap:.2f}"),
        "overlap": overlap,
        "wrong": "",
        "faults": "",
        "detailed": False,
    }
    if record is None:
        return shown
    return shown | {
        "decided": tier_view(record.decision.tier),
        "decided_severity": record.decision.tier.severity,
        "wrong": _wrong(record.decision.tier, accepted),
        "human": "yes" if record.decision.needs_human else "no",
        "marked": sum(not statement.supported for _, statement in record.note.statements()),
        "faults": len(_faults(case, record.note)) if case.turns else "",
        "seconds": f"{record.timings['total']:.1f}" if "total" in record.timings else "",
    }


def _overlap(outcome: Outcome) -> float | None:
    """ROUGE-1 of a single section, None where there is nothing to compare."""
    if outcome.section is None or not outcome.case.note:
        return None
    return rouge(outcome.case.note, outcome.section)["rouge1"]


def _wrong(decided: Tier, accepted: Sequence[Tier]) -> str:
    if not accepted or decided in accepted:
        return ""
    return TOO_LOW if decided < min(accepted) else ("▲ higher" if decided > max(accepted) else "between")


def _details(outcome: Outcome) -> dict[str, Any]:
    record = outcome.record
    return _section_details(outcome) if record is None else _record_details(outcome.case, record)


def _section_details(outcome: Outcome) -> dict[str, Any]:
    """A case that asks for one section: the dialogue, what was written, and what a person wrote."""
    case = outcome.case
    return {
        "section": {"header": case.section_header or "", "written": outcome.section, "reference": case.note or ""},
        "said": _said(case),
    }


def _said(case: Case) -> list[dict[str, str]]:
    return [{"speaker": turn.speaker, "text": turn.text} for turn in case.turns]


def _record_details(case: Case, record: TriageRecord) -> dict[str, Any]:
    decision = record.decision
    return {
        "section": None,
        "state": view.heard(record),
        "heard": [_segment(record, segment) for segment in record.transcript.segments],
        "sounds": view.sounds(record) if record.recording is not None else "",
        "said": _said(case) if case.audio else [],
        "patient": view.patient(record),
        "measured": view.pairs(view.measured(record)) or "no vital sign was measured",
        "missing": ", ".join(view.missing(record)) or "nothing",
        "preliminary": tier_name(decision.preliminary_tier) if decision.preliminary_tier else "",
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
    return {"tier": tier_view(reason.tier), "text": text}


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
