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
    past = pattern("experiencer", "past").search(clause[subjects[-1].end() :])
    return Experiencer.HISTORY if past else Experiencer.RELATIVE


def _clause(text: str, start: int, end: int) -> tuple[int, str]:
    """The sentence around a phrase, and where it begins."""
    begin = max(text.rfind(mark, 0, start) for mark in ".?!;।") + 1
    stops = [stop for mark in ".?!;।" if (stop := text.find(mark, end)) >= 0]
    return begin, text[begin : min(stops, default=len(text))]
