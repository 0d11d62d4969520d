"""One extracted fact, as a statement that a note can hold, with its evidence."""

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

from vaidya.schema import SectionName


class FactKind(enum.Enum):
    """What sort of fact; the order is that in which a note lists them."""

    SYMPTOM = "symptom"
    DURATION = "duration"
    CONDITION = "condition"
    MEDICINE = "medicine"
    ALLERGY = "allergy"
    PREGNANCY = "pregnancy"
    SOCIAL = "social"
    FAMILY = "family"
    VITAL = "vital"
    EXAM = "exam"
    PLAN = "plan"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class ExtractedFact:
    """One fact. name: the concept, medicine or measure. text: as a note says it. denied: the fact is an absence.

    unsure: the name was not clearly heard.
    """

    kind: FactKind
    name: str
    text: str
    denied: bool
    section: SectionName
    evidence: tuple[str, ...]
    unsure: bool = False


def in_order(facts: Iterable[ExtractedFact]) -> tuple[ExtractedFact, ...]:
    """By kind as a note lists them, each text once."""
    order = {kind: place for place, kind in enumerate(FactKind)}
    unique: dict[str, ExtractedFact] = {}
    for fact in facts:
        unique.setdefault(fact.text.lower(), fact)
    return tuple(sorted(unique.values(), key=lambda fact: order[fact.kind]))


def spelt(quoted: str) -> str:
    """A normalised sentence as it is written: its first letter, and the speaker's "I", in upper case.

    >>> spelt("it hurts, and i'm tired")
    "It hurts, and I'm tired"
    """
    return capital(re.sub(r"\bi\b", "I", quoted))


def capital(text: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]
