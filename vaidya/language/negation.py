"""What a sentence denies: cues, their scope, and the phrases that only look like a denial.

A cue denies what follows it (or precedes it) up to a word that ends its scope. It crosses a comma only in a list that
says it is one: "no fever, cough or rash", "denies fever, cough, rash"; in "no sleep, chest pain" the comma ends it. A
cue inside a phrase does not deny that phrase: "can't breathe" and "not waking up" are findings. Lists and method:
`cues.yaml`.

All functions take normalised text (`vaidya.language.normalise`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from vaidya.language.cues import pattern
from vaidya.language.hold import Hold, firmest, first_comma, last_comma, words_between

_PUNCTUATION = re.compile(r"[;?!:।]|\.(?!\d)|,(?= (?:i|he|she|it|they|we|my|his|her|the|there|you|that)\b)")
_LONGEST_SCOPE = 120  # characters; beyond about twenty words a cue says nothing any more
_FIRM_WORDS = 8  # a cue further off may be about something that stands between
_FIRM_WORDS_AFTER = 3  # Indian languages deny at the end of the clause


@dataclass(frozen=True, slots=True)
class Negation:
    """One cue and the stretch of text it denies (ends exclusive); the cue itself is not part of the scope.

    listed: the stretch is a list that the cue denies as a whole.
    """

    cue_start: int
    cue_end: int
    start: int
    end: int
    listed: bool = False


@lru_cache(maxsize=4_096)
def negated_spans(text: str) -> tuple[Negation, ...]:
    """Every denial in a normalised text.

    >>> text = "no fever, chills or cough but my chest hurts"
    >>> [text[n.start:n.end].strip() for n in negated_spans(text)]
    ['fever, chills or cough']
    """
    pseudo = [match.span() for match in pattern("negation", "pseudo").finditer(text)]
    before = [m.span() for m in pattern("negation", "before").finditer(text) if not _inside(m.start(), pseudo)]
    after = [m.span() for m in pattern("negation", "after").finditer(text) if not _inside(m.start(), pseudo)]
    return tuple([*(_forward(text, *cue) for cue in before), *(_backward(text, *cue) for cue in after)])


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a normalised text is denied by a cue outside it.

    >>> text = "i don't have chest pain, but i can't breathe"
    >>> is_negated(text, 13, 23), is_negated(text, 31, 44)
    (True, False)
    """
    return denial(text, start, end) is not Hold.NONE


def denial(text: str, start: int, end: int) -> Hold:
    """How firmly the phrase at [start, end) of a normalised text is denied by a cue outside it.

    >>> denial("no chest pain", 3, 13), denial("no fever and chest pain", 13, 23)
    (<Hold.FIRM: 'firm'>, <Hold.LOOSE: 'loose'>)
    """
    held = [
        _hold(text, negation, start, end)
        for negation in negated_spans(text)
        if negation.start <= start < negation.end and (negation.cue_end <= start or negation.cue_start >= end)
    ]
    return firmest(held)


def has_negation(text: str) -> bool:
    """Whether a normalised text denies anything."""
    return bool(negated_spans(text))


def _hold(text: str, negation: Negation, start: int, end: int) -> Hold:
    ahead = negation.cue_end <= start
    between = (negation.cue_end, start) if ahead else (end, negation.cue_start)
    if negation.listed:
        return Hold.FIRM
    joined = pattern("clauses", "joins").search(text, *between)
    near = words_between(text, *between) <= (_FIRM_WORDS if ahead else _FIRM_WORDS_AFTER)
    return Hold.FIRM if near and not joined else Hold.LOOSE


def _inside(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)


def _forward(text: str, cue_start: int, cue_end: int) -> Negation:
    limit = min(len(text), cue_end + _LONGEST_SCOPE)
    found = (ends.search(text, cue_end, limit) for ends in (pattern("negation", "end"), _PUNCTUATION))
    end = min((match.start() for match in found if match), default=limit)
    comma = first_comma(text, cue_end, end)
    if comma == end or pattern("negation", "lists").match(text, cue_start):
        return Negation(cue_start, cue_end, cue_end, end, listed=comma < end)
    closed = _list_end(text, comma, end) if pattern("negation", "opens_list").match(text, cue_start) else None
    return Negation(cue_start, cue_end, cue_end, closed or comma, listed=closed is not None)


def _list_end(text: str, comma: int, end: int) -> int | None:
    """Where a list that "or" closes ends; None when nothing closes it."""
    closing = pattern("clauses", "closes_list").search(text, comma, end)
    return first_comma(text, closing.end(), end) if closing else None


def _backward(text: str, cue_start: int, cue_end: int) -> Negation:
    heading = text[:cue_start].rstrip()
    end = len(heading.rstrip(" :-"))  # "chest pain: none" denies across its colon
    begin = max(0, end - _LONGEST_SCOPE)
    found = [m.end() for ends in (pattern("negation", "end"), _PUNCTUATION) for m in ends.finditer(text, begin, end)]
    start = max(found, default=begin)
    comma = last_comma(text, start, end)
    listed = comma > start and (heading.endswith((":", "-")) or _joined(text, comma, end))
    return Negation(cue_start, cue_end, start if listed else comma, cue_start, listed)


def _joined(text: str, start: int, end: int) -> bool:
    return any(pattern("clauses", name).search(text, start, end) for name in ("closes_list", "joins"))
