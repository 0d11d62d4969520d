"""What a sentence denies: cues, their scope, and the phrases that only look like a denial.

A cue denies what follows it (or precedes it) up to a word that ends its scope. A cue inside a phrase does not deny
that phrase: "can't breathe" and "not waking up" are findings. Lists and method: `cues.yaml`.

All functions take normalised text (`vaidya.language.normalise`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from vaidya.language.cues import pattern

_PUNCTUATION = re.compile(r"[;?!:।]|\.(?!\d)|,(?= (?:i|he|she|it|they|we|my|his|her|the|there|you|that)\b)")
_LONGEST_SCOPE = 120  # characters; beyond about twenty words a cue says nothing any more


@dataclass(frozen=True, slots=True)
class Negation:
    """One cue and the stretch of text it denies (ends exclusive); the cue itself is not part of the scope."""

    cue_start: int
    cue_end: int
    start: int
    end: int


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
    forward = [Negation(start, end, end, _scope_end(text, end)) for start, end in before]
    backward = [Negation(start, end, _scope_start(text, start), start) for start, end in after]
    return tuple(forward + backward)


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a normalised text is denied by a cue outside it.

    >>> text = "i don't have chest pain, but i can't breathe"
    >>> is_negated(text, 13, 23), is_negated(text, 31, 44)
    (True, False)
    """
    return any(
        negation.start <= start < negation.end and (negation.cue_end <= start or negation.cue_start >= end)
        for negation in negated_spans(text)
    )


def has_negation(text: str) -> bool:
    """Whether a normalised text denies anything."""
    return bool(negated_spans(text))


def _inside(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in spans)


def _scope_end(text: str, start: int) -> int:
    limit = min(len(text), start + _LONGEST_SCOPE)
    found = (ends.search(text, start, limit) for ends in (pattern("negation", "end"), _PUNCTUATION))
    return min((match.start() for match in found if match), default=limit)


def _scope_start(text: str, end: int) -> int:
    end = len(text[:end].rstrip(" :-"))  # "chest pain: none" denies across its colon
    begin = max(0, end - _LONGEST_SCOPE)
    found = [m.end() for ends in (pattern("negation", "end"), _PUNCTUATION) for m in ends.finditer(text, begin, end)]
    return max(found, default=begin)
