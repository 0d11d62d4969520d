"""A record that may leave the record store: free text redacted, and nothing that leads back to the patient.

After HIPAA's safe harbour, 45 CFR 164.514: free text goes through `redact`; ages of 90 and above become 90; the
record's id, which is a digest of its content, is replaced by a random one (a code must not be derived from the
patient's own data, 164.514(c)); of the day only the year stays, written as its first second; what identifies the
recording is left out, the digest of its embedding too. Redaction misses names (docs/redaction.md): a person reads the
result before it is published.
"""

import uuid
from datetime import UTC, datetime

from vaidya.record.redact import redact
from vaidya.schema import SECTIONS, Segment, SoapNote, Statement, TriageRecord

OLDEST_TOLD = 90.0  # years


def shareable(record: TriageRecord) -> TriageRecord:
    """The record without identifiers; its tier, reasons, vital signs, sounds and times stay."""
    age = record.patient.age
    told = min(age, OLDEST_TOLD) if age is not None else None
    segments = tuple(_segment(segment) for segment in record.transcript.segments)
    return record.model_copy(
        update={
            "record_id": uuid.uuid4().hex[:16],
            "patient": record.patient.model_copy(update={"age": told}),
            "complaint": redact(record.complaint) if record.complaint is not None else None,
            "recording": None,
            "findings": record.findings.model_copy(update={"embedding_sha256": None}),
            "provenance": record.provenance.model_copy(update={"created_at": _year(record.provenance.created_at)}),
            "transcript": record.transcript.model_copy(update={"segments": segments}),
            "note": _note(record.note),
        }
    )


def _year(created_at: str) -> str:
    """The first second of a time's year: a date that every reader of a time can read, and that tells no more."""
    return datetime(datetime.fromisoformat(created_at).year, 1, 1, tzinfo=UTC).isoformat()


def _segment(segment: Segment) -> Segment:
    """Words are left out: a name that is found in a sentence may not be found word by word."""
    english = redact(segment.english) if segment.english is not None else None
    return segment.model_copy(update={"text": redact(segment.text), "english": english, "words": ()})


def _note(note: SoapNote) -> SoapNote:
    lists: dict[str, object] = {name: _statements(note.section(name)) for name in SECTIONS}
    return note.model_copy(update={**lists, "withheld": _statements(note.withheld)})


def _statements(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return tuple(statement.model_copy(update={"text": redact(statement.text)}) for statement in statements)
