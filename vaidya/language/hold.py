"""How firmly a cue holds a phrase, and the stretches of text that cues do not cross.

A cue that stands right before a phrase, in its clause, settles it. One that reaches it over a comma, an "and" or many
words may belong to something else: a caller for whom a mistake is dear takes such a hold as a doubt, not as an answer.
"""

import enum
import re
from collections.abc import Iterable

from vaidya.language.cues import pattern

_SENTENCE_MARKS = ".?!;।"
_COMMA = re.compile(r",(?= )")
_WORD = re.compile(r"\S+")


class Hold(enum.Enum):
    """NONE: no cue. LOOSE: a cue reaches the phrase, but perhaps for something else. FIRM: it means this phrase."""

    NONE = "none"
    LOOSE = "loose"
    FIRM = "firm"


def firmest(holds: Iterable[Hold]) -> Hold:
    """The firmest of several cues, no further looked at than needed; NONE without any."""
    found = Hold.NONE
    for hold in holds:
        if hold is Hold.FIRM:
            return hold
        found = Hold.LOOSE if hold is Hold.LOOSE else found
    return found


def sentence_start(text: str, position: int) -> int:
    """Where the sentence that holds a place begins."""
    return max(text.rfind(mark, 0, position) for mark in _SENTENCE_MARKS) + 1


def sentence_end(text: str, position: int) -> int:
    """Where the sentence that holds a place ends, its mark left out."""
    stops = [stop for mark in _SENTENCE_MARKS if (stop := text.find(mark, position)) >= 0]
    return min(stops, default=len(text))


def comma_between(text: str, start: int, end: int) -> bool:
    """Whether a comma parts two places; one within a number does not."""
    return start < end and bool(_COMMA.search(text, start, end))


def first_comma(text: str, start: int, end: int) -> int:
    """The first comma between two places, or the later place."""
    found = _COMMA.search(text, start, end)
    return found.start() if found else end


def last_comma(text: str, start: int, end: int) -> int:
    """What follows the last comma between two places, or the earlier place."""
    return max((found.end() for found in _COMMA.finditer(text, start, end)), default=start)


def words_between(text: str, start: int, end: int) -> int:
    """Number of words between two places."""
    return len(_WORD.findall(text[start:end]))


def new_statement(text: str, start: int, end: int) -> bool:
    """Whether a new subject or a turn ("but", "so i", ", my") stands between two places."""
    return start < end and bool(pattern("clauses", "new_statement").search(text, start, end))
