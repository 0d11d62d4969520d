"""Small made-up contract objects for tests and notebooks: no model, no file, no patient.

They ship with the package, so that whoever adds a backend, a metric or a page tests it against the same shapes.
"""

from collections.abc import Sequence
from typing import Any

from vaidya.schema import (
    Case,
    Decision,
    Findings,
    FindingsState,
    Hardware,
    NoteState,
    Patient,
    Provenance,
    Segment,
    SoapNote,
    Statement,
    Tier,
    Transcript,
    TranscriptState,
    TriageRecord,
    Turn,
    Vitals,
)

SYNTHETIC = "made up for tests"


def make_transcript(lines: Sequence[str] = (), *, language: str = "en", **changes: Any) -> Transcript:
    """Lines of speech, two seconds each; no line gives NO_SPEECH."""
    segments = tuple(
        Segment(id=i, start_s=2.0 * i, end_s=2.0 * i + 2.0, text=line, english=line if language == "en" else None)
        for i, line in enumerate(lines)
    )
    state = TranscriptState.SPEECH if lines else TranscriptState.NO_SPEECH
    base = Transcript(
        state=state, language=language, language_probability=1.0, segments=segments, transcriber="made-up"
    )
    return base.model_copy(update=changes)


def make_findings(**changes: Any) -> Findings:
    """Nothing but speech was heard."""
    base = Findings(state=FindingsState.LISTENED, encoder="made-up", weight=0.0, weight_reason="no probe")
    return base.model_copy(update=changes)


def make_note(subjective: Sequence[str] = (), plan: Sequence[str] = (), **changes: Any) -> SoapNote:
    """A drafted note whose statements rest on the first segment."""
    base = SoapNote(
        state=NoteState.DRAFTED,
        subjective=tuple(Statement(text=text, evidence=("segment:0",), supported=True) for text in subjective),
        plan=tuple(Statement(text=text, evidence=("segment:0",), supported=True) for text in plan),
    )
    return base.model_copy(update=changes)


def make_record(tier: Tier = Tier.URGENT, **changes: Any) -> TriageRecord:
    """A record with a tier and nothing else of interest."""
    base = TriageRecord(
        record_id="0" * 16,
        patient=Patient(),
        vitals=Vitals(),
        transcript=make_transcript(),
        findings=make_findings(),
        note=SoapNote(state=NoteState.ABSTAINED, reason="NO_SPEECH"),
        decision=Decision(tier=tier, needs_human=False),
        provenance=Provenance(
            vaidya_version="0",
            profile="made-up",
            config_digest="0" * 12,
            hardware=Hardware(cpu="made-up", cores=1, memory_gb=1.0),
            created_at="2000-01-01T00:00:00+00:00",
        ),
        timings={"total": 1.0},
    )
    return base.model_copy(update=changes)


def make_case(case_id: str = "made-up-1", lines: Sequence[str] = (), tier: Tier | None = None, **changes: Any) -> Case:
    """A text case whose patient says the lines."""
    base = Case(
        id=case_id,
        dataset="made-up",
        language="en",
        turns=tuple(Turn(speaker="patient", text=line) for line in lines),
        tier=tier,
        licence=SYNTHETIC,
        synthetic=True,
    )
    return base.model_copy(update=changes)
