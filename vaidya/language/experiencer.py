"""Whose symptom it is: the patient's, a relative's, or the family's history.

A companion who says "my son is drowsy" speaks of the patient; "my father had a stroke" is history. The difference is
in tense and wording, so three answers are given and the caller decides what RELATIVE counts for.
"""

import enum
import re
from functools import lru_cache

from vaidya.language.cues import alternatives, pattern
from vaidya.language.hold import Hold, comma_between, new_statement, sentence_end, sentence_start, words_between


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
_HISTORY_WORDS = 10  # "family history of …" names a list
_EVENT_WORDS = 5  # "my father had high blood pressure and a stroke"


def experiencer(text: str, start: int, end: int) -> Experiencer:
    """Whose finding the phrase at [start, end) of a normalised text is.

    >>> text = "my father had a stroke and now i have chest pain"
    >>> [experiencer(text, *span).value for span in ((16, 22), (38, 48))]
    ['family_history', 'patient']
    """
    begin = sentence_start(text, start)
    if _in_family(text, begin, start, end) is not Hold.NONE:
        return Experiencer.HISTORY
    subjects = list(_subject().finditer(text, begin, start))
    if not subjects or pattern("experiencer", "self_again").search(text, subjects[-1].end(), start):
        return Experiencer.PATIENT
    return Experiencer.HISTORY if _over(text, subjects[-1].end(), start, end) else Experiencer.RELATIVE


def names_relative(text: str) -> bool:
    """Whether a normalised text speaks of anybody near to the patient.

    >>> names_relative("father has diabetes"), names_relative("history of diabetes")
    (True, False)
    """
    return pattern("experiencer", "kin").search(text) is not None


def blood_relative(text: str, start: int) -> bool:
    """Whether the last person named in the sentence before `start` is of the patient's blood.

    >>> blood_relative("my father has had diabetes", 18), blood_relative("my wife has diabetes", 12)
    (True, False)
    """
    begin = sentence_start(text, start)
    named = list(_subject().finditer(text, begin, start))
    return bool(named) and pattern("experiencer", "blood").search(text, named[-1].start(), start) is not None


def of_the_dead(text: str, start: int) -> bool:
    """Whether the sentence tells before `start` of somebody who died, and not then of the patient.

    >>> of_the_dead("he died about 10 years ago of bowel cancer", 29)
    True
    >>> of_the_dead("my dad died, and i have asthma", 24)
    False
    """
    died = list(pattern("experiencer", "died").finditer(text, sentence_start(text, start), start))
    return bool(died) and not pattern("experiencer", "self").search(text, died[-1].end(), start)


def family_history(text: str, start: int, end: int) -> Hold:
    """How firmly the phrase at [start, end) is an old disease of a blood relative, and nobody's finding of today.

    A companion tells symptoms and injuries in the past tense too; only a disease, or a death, is history.

    >>> [family_history(text, *span).value for text, span in (
    ...     ("my father had a stroke", (16, 22)), ("my mother suffered a snake bite", (21, 31)))]
    ['firm', 'none']
    """
    begin = sentence_start(text, start)
    held = _in_family(text, begin, start, end)
    kin = list(pattern("experiencer", "blood").finditer(text, begin, end))
    if held is not Hold.NONE or not kin:
        return held
    kin_end = kin[-1].end()
    if kin_end <= start and pattern("experiencer", "self").search(text, kin_end, start):
        return Hold.NONE
    if new_statement(text, kin_end, start):
        return Hold.LOOSE if _goes_on(text, kin_end, start) else Hold.NONE
    return _relatives(text, kin_end, start, end)


def _relatives(text: str, kin_end: int, start: int, end: int) -> Hold:
    """What the statement about a relative that a phrase stands in makes of it."""
    if pattern("experiencer", "died").search(text, kin_end, _remark_end(text, end)):
        return Hold.FIRM
    if pattern("temporality", "present").search(text, sentence_start(text, start), sentence_end(text, end)):
        return Hold.NONE
    if kin_end > start:  # the phrase is the relative: "my grandfather had …" tells nobody's age
        return Hold.FIRM if pattern("experiencer", "family_past").search(text, end, end + _REMARK) else Hold.NONE
    return _event(text, kin_end, start, end)


def _goes_on(text: str, kin_end: int, start: int) -> bool:
    """Whether a relative's old story goes on: "my mother had a stroke last year, her face drooped"."""
    dated = pattern("temporality", "past").search(text, kin_end, start)
    back = (pattern("experiencer", name).search(text, kin_end, start) for name in ("self_again", "now"))
    return dated is not None and not any(back)


def _event(text: str, kin_end: int, start: int, end: int) -> Hold:
    """What a past verb between a relative and a phrase makes of it."""
    verbs = [match.end() for match in pattern("experiencer", "family_past").finditer(text, kin_end, start)]
    if not verbs or pattern("experiencer", "now").search(text, verbs[-1], start):
        return Hold.NONE
    hindi = not text[verbs[-1] - 1].isascii()
    if hindi and not pattern("experiencer", "past_verb_after").search(text, end, end + _REMARK):
        return Hold.NONE
    if not pattern("experiencer", "disease").search(text, verbs[-1], end):
        return Hold.NONE
    near = words_between(text, verbs[-1], start) <= _EVENT_WORDS and not comma_between(text, verbs[-1], start)
    return Hold.FIRM if near else Hold.LOOSE


def _in_family(text: str, begin: int, start: int, end: int) -> Hold:
    """What "family history of" before a phrase, or "runs in the family" after it, says of it."""
    stop = sentence_end(text, end)
    for cue in pattern("experiencer", "history").finditer(text, begin, stop):
        between = (cue.end(), start) if cue.start() < start else (end, cue.start())
        if new_statement(text, *between):
            continue
        if not comma_between(text, *between):
            return Hold.FIRM if words_between(text, *between) <= _HISTORY_WORDS else Hold.LOOSE
        if not pattern("temporality", "present").search(text, begin, stop):
            return Hold.LOOSE
    return Hold.NONE


def _over(text: str, subject_end: int, start: int, end: int) -> bool:
    """Whether the last verb before the phrase, or a remark after it, puts it in the past: "he has had" does not."""
    before = [match.end() for match in pattern("experiencer", "past").finditer(text, subject_end, start)]
    now = [match.end() for match in pattern("experiencer", "now").finditer(text, subject_end, start)]
    after = pattern("experiencer", "past_after").search(text, end, end + _REMARK)
    return (bool(before) and max(before) > max(now, default=-1)) or after is not None


def _remark_end(text: str, end: int) -> int:
    """Where a remark that belongs to a phrase ends: at the next statement."""
    stop = min(sentence_end(text, end), end + _REMARK)
    other = pattern("clauses", "new_statement").search(text, end, stop)
    return other.start() if other else stop
