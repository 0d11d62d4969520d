"""What leaves the record store: the medicine, and nobody's name."""

from vaidya.record.fhir import to_bundle
from vaidya.record.share import shareable
from vaidya.schema import Patient, Segment, SoapNote, Statement, TriageRecord, Word

NAME, PHONE = "Ramesh Gowda", "98450 12345"


def identifying(record: TriageRecord) -> TriageRecord:
    said = f"My name is {NAME}, call {PHONE}"
    words = (Word(start_s=0.0, end_s=1.0, text="Ramesh", probability=0.9),)
    segment = Segment(id=0, start_s=0.0, end_s=2.0, text=said, english=said, words=words)
    statement = Statement(text=f"{NAME} has chest pain.", evidence=("segment:0",), supported=True)
    return record.model_copy(
        update={
            "patient": Patient(age=93.0),
            "complaint": f"chest pain, from Mr. {NAME}",
            "transcript": record.transcript.model_copy(update={"segments": (segment,)}),
            "note": SoapNote(state=record.note.state, subjective=(statement,), withheld=(statement,)),
        }
    )


def test_nothing_that_identifies_is_left(record):
    shared = shareable(identifying(record)).model_dump_json()
    for part in ("Ramesh", "Gowda", "98450", record.record_id, "93.0,"):
        assert part not in shared.replace('"spo2":93.0', "")
    assert '"age":90.0' in shared


def test_what_a_reader_needs_stays(record):
    shared = shareable(record)
    assert shared.decision == record.decision
    assert shared.vitals == record.vitals
    assert [s.text for s in shared.note.subjective] == [s.text for s in record.note.subjective]
    assert shared.transcript.segments[0].text == record.transcript.segments[0].text
    TriageRecord.model_validate_json(shared.model_dump_json())


def test_neither_the_day_nor_the_sound_leads_back_to_the_patient(record):
    heard = record.findings.model_copy(update={"embedding_sha256": "e" * 64})
    shared = shareable(record.model_copy(update={"findings": heard}))
    assert shared.provenance.created_at == "2026-01-01T00:00:00+00:00"
    assert shared.findings.embedding_sha256 is None
    assert shared.findings.cough_count == record.findings.cough_count
    assert "2026-01-05" not in shared.model_dump_json()


def test_a_shared_record_is_still_a_bundle(record):
    bundle = to_bundle(shareable(record))
    assert bundle["timestamp"].startswith("2026-01-01")
    assert "2026-01-05" not in str(bundle)


def test_two_shares_of_one_record_cannot_be_linked_by_their_ids(record):
    assert shareable(record).record_id != shareable(record).record_id
