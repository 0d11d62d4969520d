"""How a note came about: drafted, copied or withheld; read at once, after a repair or after a second request."""

from vaidya.evaluation.rate import Rate
from vaidya.schema import NoteState, TriageRecord


def is_extractive(record: TriageRecord) -> Rate:
    """1 of 1 when the note is the fallback.

    >>> from vaidya.testing import make_note, make_record
    >>> is_extractive(make_record(note=make_note(state=NoteState.EXTRACTIVE))).value
    1.0
    """
    return Rate(record.note.state is NoteState.EXTRACTIVE, 1)


def is_abstained(record: TriageRecord) -> Rate:
    """1 of 1 when no note was drafted from speech.

    >>> from vaidya.testing import make_record
    >>> is_abstained(make_record()).value
    1.0
    """
    return Rate(record.note.state is NoteState.ABSTAINED, 1)


def valid_first(record: TriageRecord) -> Rate:
    """1 of 1 when the first reply was a note as asked for; undefined when no model was asked.

    >>> from vaidya.testing import make_note, make_record
    >>> valid_first(make_record(note=make_note(["Cough"]), tokens={"requests": 1.0})).value
    1.0
    >>> valid_first(make_record()).value is None
    True
    """
    asked = _asked(record)
    return Rate(asked and _drafted(record) and record.tokens["requests"] == 1 and not _repaired(record), asked)


def valid_repaired(record: TriageRecord) -> Rate:
    """1 of 1 when the first reply became a note by a repair.

    >>> from vaidya.testing import make_note, make_record
    >>> valid_repaired(make_record(note=make_note(["Cough"]), tokens={"requests": 1.0, "repaired": 1.0})).value
    1.0
    """
    asked = _asked(record)
    return Rate(asked and _drafted(record) and record.tokens["requests"] == 1 and _repaired(record), asked)


def valid_retried(record: TriageRecord) -> Rate:
    """1 of 1 when a second request gave the note.

    >>> from vaidya.testing import make_note, make_record
    >>> valid_retried(make_record(note=make_note(["Cough"]), tokens={"requests": 2.0})).value
    1.0
    """
    asked = _asked(record)
    return Rate(asked and _drafted(record) and record.tokens["requests"] > 1, asked)


def _asked(record: TriageRecord) -> bool:
    # A draft that failed leaves no count of its requests: the fallback's codes tell that a model was asked.
    failed = record.note.state is NoteState.EXTRACTIVE and any(f.stage == "note" for f in record.failures)
    return "requests" in record.tokens or failed


def _drafted(record: TriageRecord) -> bool:
    return record.note.state is NoteState.DRAFTED


def _repaired(record: TriageRecord) -> bool:
    return bool(record.tokens.get("repaired"))
