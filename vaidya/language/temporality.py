"""Whether a finding is here and now: not long past, and not merely imagined.

Past: "I had a stroke last year", "history of seizures". A sign of the present in the same clause ("again", "today")
takes precedence. Imagined: "if you get chest pain, call us", "I'm afraid of having a stroke". A condition on what one
does ("if I walk I get chest pain") is a finding.
"""

import re
from functools import lru_cache

from vaidya.language.cues import alternatives, pattern

_BEFORE_CHARACTERS = 60  # a cue further before the phrase belongs to something else


def is_past(text: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a normalised text is told as something long over.

    >>> text = "i had a stroke last year but today my chest hurts"
    >>> is_past(text, 8, 14), is_past(text, 36, 47)
    (True, False)
    """
    begin, stop = _clause(text, start, end)
    clause = text[begin:stop]
    if pattern("temporality", "present").search(clause):
        return False
    if pattern("temporality", "past").search(clause):
        return True
    return bool(_leading("past_before").search(text[max(begin, start - _BEFORE_CHARACTERS) : start]))


def is_imagined(text: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a normalised text stands under a condition, a fear or an instruction.

    >>> text = "call us if you get chest pain. if i walk i am breathless"
    >>> is_imagined(text, 19, 29), is_imagined(text, 46, 56)
    (True, False)
    """
    begin = _sentence_start(text, start)
    # The cue begins before the phrase and may run into it: "worried about having a stroke".
    cue = _leading("imagined_before").search(text[begin:end])
    return cue is not None and begin + cue.start() < start


@lru_cache(maxsize=4)
def _leading(name: str) -> re.Pattern[str]:
    """A cue with nothing but plain words between it and the end of the string."""
    return re.compile(rf"(?<!\w)(?:{alternatives('temporality', name)})(?!\w)[^.?!;।]*$")


def _sentence_start(text: str, start: int) -> int:
    return max(text.rfind(mark, 0, start) for mark in ".?!;।") + 1


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a phrase: to the sentence's end, or to a word that begins a new statement."""
    begin = _sentence_start(text, start)
    turns = [match.end() for match in pattern("temporality", "new_clause").finditer(text, begin, start)]
    stops = [stop for mark in ".?!;।" if (stop := text.find(mark, end)) >= 0]
    stop = min(stops, default=len(text))
    turn = pattern("temporality", "new_clause").search(text, end, stop)
    return max(turns, default=begin), turn.start() if turn else stop
