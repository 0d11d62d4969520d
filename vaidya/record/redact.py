"""Free text without what identifies a person: the door through which words leave the record store.

    redact("Call Smt. Lakshmi on 98450 12345")  ->  "Call Smt. [NAME] on [PHONE]"

Formats and check digits first (`identifiers`), names and places from lists and context (`people`); digits of every
Indian script are read as digits. Measured recall and precision are in docs/redaction.md: names that are on no list are
missed, so redacted text is less identifying, not anonymous.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vaidya.record import identifiers, people
from vaidya.record.identifiers import Rule

GENERAL = ("ID", "NUMBER")  # kinds of rules that know no format


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text, [start, end) in characters, and the kind of identifier found there."""

    start: int
    end: int
    kind: str


def redact(text: str) -> str:
    """The text with every identifier replaced by its kind in brackets.

    >>> redact("My PAN is ABBPM4567S")
    'My PAN is [PAN]'
    """
    pieces, position = [], 0
    for span in find(text):
        pieces += [text[position : span.start], f"[{span.kind}]"]
        position = span.end
    return "".join([*pieces, text[position:]])


def find(text: str) -> list[Span]:
    """Every identifier, in order. What several rules see in part is one span, named by the widest of them.

    Of two that see the same, the one that knows its format names it.
    """
    merged: list[list[Span]] = []
    for span in kinds(text):
        if merged and span.start < max(s.end for s in merged[-1]):
            merged[-1].append(span)
        else:
            merged.append([span])
    return [_union(group) for group in merged]


def _union(group: list[Span]) -> Span:
    widest = max(group, key=lambda span: (span.end - span.start, span.kind not in GENERAL))
    return Span(group[0].start, max(span.end for span in group), widest.kind)


def kinds(text: str) -> list[Span]:
    """Every match of every rule, overlapping ones included: what a text could be, for measurement."""
    return sorted(set(_matches(ascii_digits(text))), key=lambda span: (span.start, span.end, span.kind))


def ascii_digits(text: str) -> str:
    """The text with decimal digits of any script as 0 to 9, character by character, so that offsets stay.

    >>> ascii_digits("मोबाइल ९८४५०")
    'मोबाइल 98450'
    """
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)


def _matches(text: str) -> Iterator[Span]:
    for rule in _rules():
        for match in rule.pattern.finditer(text):
            group = 1 if rule.pattern.groups else 0
            if rule.check is None or rule.check(match.group(group)):
                yield Span(match.start(group), match.end(group), rule.kind)


def _rules() -> Iterable[Rule]:
    return (*identifiers.RULES, *people.rules())
