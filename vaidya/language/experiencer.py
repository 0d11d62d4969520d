"""Whose symptom it is: the patient's, a relative's, or the family's history.

A companion who says "my son is drowsy" speaks of the patient; "my father had a stroke" is history. The difference is
in tense and wording, so three answers are given and the caller decides what RELATIVE counts for.
"""

import enum
import re
from functools import lru_cache

from vaidya.language.cues import alternatives, pattern


class Experiencer(enum.Enum):
    """PATIENT unless something says otherwise; RELATIVE is somebody else now; HISTORY is past, in the family."""

    PATIENT = "patient"
    RELATIVE = "relative"
    HISTORY = "family_history"


@lru_cache(maxsize=1)
def _subject() -> re.Pattern[str]:
    kin, hindi = alternatives("experiencer", "kin"), alternatives("experiencer", "hindi_subject")
    return re.compile(rf"\b(?:my|his|her|our|the|your)\s+(?:\w+\s+){{0,2}}?(?:{kin})\b(?:'s)?|(?:{hindi})")


_REMARK = 40  # characters after a phrase within which "five years ago" belongs to it
# What follows is about the speaker again.
_NEW_SUBJECT = re.compile(
    r"(?:\b(?:but|and|so|now|because|then)|,)\s+(?:i|i'm|i've|i'd|my)\b|(?:और|लेकिन)\s+(?:मुझे|मेरे|मैं)"
)


def experiencer(text: str, start: int, end: int) -> Experiencer:
    """Whose finding the phrase at [start, end) of a normalised text is.

    >>> text = "my father had a stroke and now i have chest pain"
    >>> [experiencer(text, *span).value for span in ((16, 22), (38, 48))]
    ['family_history', 'patient']
    """
    begin, clause = _clause(text, start, end)
    if pattern("experiencer", "history").search(clause):
        return Experiencer.HISTORY
    subjects = [match for match in _subject().finditer(clause) if begin + match.start() < start]
    if not subjects or _NEW_SUBJECT.search(text, begin + subjects[-1].end(), start):
        return Experiencer.PATIENT
    return Experiencer.HISTORY if _over(text, begin + subjects[-1].end(), start, end) else Experiencer.RELATIVE


def _over(text: str, subject_end: int, start: int, end: int) -> bool:
    """Whether the last verb before the phrase, or a remark after it, puts it in the past: "he has had" does not."""
    before = [match.end() for match in pattern("experiencer", "past").finditer(text, subject_end, start)]
    now = [match.end() for match in pattern("experiencer", "now").finditer(text, subject_end, start)]
    after = pattern("experiencer", "past_after").search(text, end, end + _REMARK)
    return (bool(before) and max(before) > max(now, default=-1)) or after is not None


def _clause(text: str, start: int, end: int) -> tuple[int, str]:
    """The sentence around a phrase, and where it begins."""
    begin = max(text.rfind(mark, 0, start) for mark in ".?!;।") + 1
    stops = [stop for mark in ".?!;।" if (stop := text.find(mark, end)) >= 0]
    return begin, text[begin : min(stops, default=len(text))]
