"""Whether a finding is here and now: not long past, and not merely imagined.

Past: "I had a stroke last year", "history of seizures". A sign of the present in the same clause ("again", "today")
takes precedence. Imagined: "if you get chest pain, call us", "I'm afraid of having a stroke". A condition on what one
does ("if I walk I get chest pain") is a finding.

A cue governs the next few words of its own clause: "she had a vaccination and her throat is swelling" imagines nothing,
and in "known case of asthma with blue lips" the lips are blue today.
"""

import re

from vaidya.language.cues import pattern
from vaidya.language.hold import (
    Hold,
    comma_between,
    firmest,
    new_statement,
    sentence_end,
    sentence_start,
    words_between,
)

_PAST_WORDS = 8  # "history of …", "two years ago …": what stands further off belongs to something else
_ADVICE_WORDS = 16  # advice names a list of symptoms
_SUPPOSED_WORDS = 8
_FRONTED_WORDS = 2  # "(about) two years ago i had …" opens its clause


def past(text: str, start: int, end: int) -> Hold:
    """How firmly the phrase at [start, end) of a normalised text is put in the past.

    >>> text = "i had a stroke last year but today my chest hurts"
    >>> past(text, 8, 14), past(text, 36, 47), past("i had surgery two years ago, chest pain", 29, 39)
    (<Hold.FIRM: 'firm'>, <Hold.NONE: 'none'>, <Hold.NONE: 'none'>)
    """
    begin, stop = _clause(text, start, end)
    if pattern("temporality", "present").search(text, begin, stop):
        return Hold.NONE
    dated = [
        _dated(text, begin, (start, end), cue) for cue in pattern("temporality", "past").finditer(text, begin, stop)
    ]
    return firmest([*dated, _led(text, begin, start, end)])


def is_imagined(text: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a normalised text stands under a condition, a fear or an instruction.

    >>> text = "call us if you get chest pain. if i walk i am breathless"
    >>> is_imagined(text, 19, 29), is_imagined(text, 46, 56)
    (True, False)
    """
    return imagined(text, start, end) is not Hold.NONE


def imagined(text: str, start: int, end: int) -> Hold:
    """How firmly a phrase is imagined: FIRM in advice to others, LOOSE where a speaker fears or supposes it.

    >>> imagined("call us if you get chest pain", 19, 29), imagined("if he has a fit", 10, 15)
    (<Hold.FIRM: 'firm'>, <Hold.LOOSE: 'loose'>)
    """
    begin = sentence_start(text, start)
    if _under(text, "advised", (begin, start, end), _ADVICE_WORDS):
        return Hold.LOOSE if pattern("temporality", "repeated").search(text, begin, start) else Hold.FIRM
    return Hold.LOOSE if _under(text, "supposed", (begin, start, end), _SUPPOSED_WORDS) else Hold.NONE


def _under(text: str, name: str, place: tuple[int, int, int], reach: int) -> bool:
    """Whether a cue begins before the phrase, in its clause, at most `reach` words away.

    The cue may run into the phrase: "worried about having a stroke".
    """
    begin, start, end = place
    return any(
        cue.start() < start
        and words_between(text, cue.end(), start) <= reach
        and not new_statement(text, cue.end(), start)
        and not pattern("temporality", "consequence").search(text, cue.end(), max(start, cue.end()))
        and not _wondered(text, begin, cue.start())
        for cue in pattern("temporality", name).finditer(text, begin, end)
    )


def _wondered(text: str, begin: int, cue: int) -> bool:
    """Whether a cue follows "I don't know", "not sure" and the like at once."""
    before = text[begin:cue].rstrip()
    return any(found.end() == len(before) for found in pattern("temporality", "wondered").finditer(before))


def _dated(text: str, begin: int, phrase: tuple[int, int], cue: re.Match[str]) -> Hold:
    """What a date says of a phrase: "a stroke two years ago", "two years ago I had a stroke"."""
    start, end = phrase
    if cue.start() >= end:
        return _near(text, end, cue.start())
    if cue.end() > start:
        return Hold.FIRM
    between = text[cue.end() : start]
    fronted = words_between(text, begin, cue.start()) <= _FRONTED_WORDS
    if fronted and "," not in between.removeprefix(","):
        return Hold.FIRM if words_between(text, cue.end(), start) <= _PAST_WORDS else Hold.LOOSE
    # A date ends its own clause: in "surgery last month, chest pain" the pain is new.
    if "," in between:
        return Hold.NONE
    return Hold.LOOSE if pattern("clauses", "joins").search(between) else _near(text, cue.end(), start)


def _near(text: str, start: int, end: int) -> Hold:
    near = words_between(text, start, end) <= _PAST_WORDS and not comma_between(text, start, end)
    return Hold.FIRM if near else Hold.LOOSE


def _led(text: str, begin: int, start: int, end: int) -> Hold:
    """What "history of" and the like, before the phrase, say of it."""
    if pattern("temporality", "recent_duration").match(text, _after_space(text, end)):
        return Hold.NONE
    if pattern("temporality", "past_heading").search(text, begin, start):
        return Hold.FIRM
    cues = [cue.end() for cue in pattern("temporality", "past_before").finditer(text, begin, start)]
    if (
        not cues
        or comma_between(text, cues[-1], start)
        or pattern("temporality", "beside").search(text, cues[-1], start)
    ):
        return Hold.NONE
    near = words_between(text, cues[-1], start) <= _PAST_WORDS
    joined = pattern("clauses", "joins").search(text, cues[-1], start)
    return Hold.FIRM if near and not joined else Hold.LOOSE


def _after_space(text: str, position: int) -> int:
    return position + len(text[position:]) - len(text[position:].lstrip(" ,-("))


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around a phrase: to the sentence's end, or to a word that begins a new statement."""
    begin, stop = sentence_start(text, start), sentence_end(text, end)
    turns = [match.end() for match in pattern("temporality", "new_clause").finditer(text, begin, start)]
    turn = pattern("temporality", "new_clause").search(text, end, stop)
    return max(turns, default=begin), turn.start() if turn else stop
