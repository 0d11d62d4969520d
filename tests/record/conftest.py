"""Records built by hand, so that the pages and exports are tested without any model."""

import pytest

from vaidya.schema import (
    Consciousness,
    Decision,
    Failure,
    Findings,
    FindingsState,
    Hardware,
    NoteState,
    Patient,
    Provenance,
    Reason,
    Segment,
    Sex,
    SoapNote,
    Source,
    Statement,
    Tier,
    Transcript,
    TranscriptState,
    TriageRecord,
    Vitals,
)

HARDWARE = Hardware(cpu="test", cores=2, memory_gb=8.0)


@pytest.fixture(scope="session")
def record() -> TriageRecord:
    """A consultation with speech, some vitals, an unsupported and a withheld statement, and one failed stage."""
    segments = (
        Segment(id=0, start_s=0.5, end_s=2.0, text="सीने में दर्द है", english="I have chest pain"),
        Segment(id=1, start_s=2.0, end_s=4.25, text="<script>alert(1)</script>", english="[bold]since & morning"),
    )
    return TriageRecord(
        record_id="0123456789abcdef",
        patient=Patient(age=54.0, sex=Sex.FEMALE),
        vitals=Vitals(spo2=93.0, sbp=150.0, consciousness=Consciousness.ALERT, on_oxygen=False),
        complaint="chest <pain>",
        transcript=Transcript(
            state=TranscriptState.SPEECH,
            language="hi",
            language_probability=0.97,
            segments=segments,
            transcriber="scripted",
        ),
        findings=Findings(
            state=FindingsState.LISTENED, encoder="scripted", cough_count=2, weight=0.0, weight_reason="not earned"
        ),
        note=SoapNote(
            state=NoteState.DRAFTED,
            subjective=(Statement(text="Chest pain since morning.", evidence=("segment:0",), supported=True),),
            objective=(Statement(text="SpO2 93 %.", evidence=("vital:spo2",), supported=True),),
            assessment=(Statement(text="Known <b>diabetes</b>.", supported=False, flags=("NOT_SAID",)),),
            withheld=(Statement(text="Give 300 mg aspirin.", supported=False),),
        ),
        decision=Decision(
            tier=Tier.URGENT,
            preliminary_tier=Tier.SEMI_URGENT,
            needs_human=True,
            human_reasons=("UNSUPPORTED_STATEMENT",),
            reasons=(
                Reason(source=Source.RED_FLAG, rule="chest_pain", tier=Tier.URGENT, evidence=("segment:0",)),
                Reason(source=Source.VITALS, rule="news2", tier=Tier.SEMI_URGENT, detail="score 2"),
            ),
        ),
        failures=(Failure(stage="acoustic", code="LISTENING", message="the encoder failed"),),
        provenance=Provenance(
            vaidya_version="0.1.0",
            profile="embedded",
            config_digest="abc",
            hardware=HARDWARE,
            created_at="2026-01-05T08:00:00+00:00",
        ),
        timings={"audio": 0.1, "total": 1.25},
    )


@pytest.fixture(scope="session")
def bare(record: TriageRecord) -> TriageRecord:
    """A record of which almost nothing is known."""
    return record.model_copy(
        update={
            "patient": Patient(),
            "vitals": Vitals(),
            "complaint": None,
            "transcript": Transcript(state=TranscriptState.NO_SPEECH, transcriber="none"),
            "note": SoapNote(state=NoteState.ABSTAINED, reason="NO_SPEECH"),
            "failures": (),
        }
    )


@pytest.fixture(scope="session")
def made_at():
    """A record with another time of making."""

    def at(record: TriageRecord, created_at: str) -> TriageRecord:
        changed = record.provenance.model_copy(update={"created_at": created_at})
        return record.model_copy(update={"provenance": changed})

    return at
