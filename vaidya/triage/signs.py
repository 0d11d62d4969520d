"""Which signs the evidence shows: said, typed, known of the patient, or measured. Each with what it rests on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from vaidya.language import Hold, denial, firmest, to_digits
from vaidya.schema import Patient, Vitals
from vaidya.triage.asserted import aside
from vaidya.triage.evidence import TriageInput
from vaidya.triage.lexicon import candidates
from vaidya.triage.news2 import news2
from vaidya.triage.reported import reported_signs
from vaidya.triage.spoken import Spoken, evidence_at, texts_of

Signs = dict[str, tuple[str, ...]]

ENOUGH_PLACES = 8  # a sign that was said eight times is as sure as one said eighty times
YOUNG_INFANT_YEARS = 0.25  # WHO IMCI: a febrile infant under three months is treated as septic
INFANT_YEARS = 1.0
CHILD_YEARS = 16.0
ELDER_YEARS = 65.0
FEVER_CELSIUS = 38.0
HIGH_FEVER_CELSIUS = 38.5
# Shock: NEWS2 parts of 3 and 2 for pressure; ACS field triage 2021 and NICE NG253 for the pulse.
LOW_SBP = 90.0
LOWISH_SBP = 100.0
FAST_PULSE = 111.0
VERY_FAST_PULSE = 131.0
# CTAS moderate respiratory distress, as the NEWS2 part of 3.
FAST_BREATHING = 25.0
_VITAL_OF = {
    "fever": "temperature",
    "measured_fever": "temperature",
    "measured_high_fever": "temperature",
    "measured_low_pressure": "sbp",
    "measured_lowish_pressure": "sbp",
    "measured_fast_pulse": "pulse",
    "measured_very_fast_pulse": "pulse",
    "measured_low_oxygen": "spo2",
    "measured_fast_breathing": "respirations",
}

_AGE = re.compile(
    r"\b(\d{1,3})[ -](year|month|week|day)s?[ -]old\b"
    r"|\b(?:i'm|i am|aged?|age is) (\d{1,3})\b(?! (?:weeks|months|days|minutes|hours))"
)
_YEARS = {"year": 1.0, "month": 1 / 12, "week": 1 / 52, "day": 1 / 365}


@dataclass(frozen=True, slots=True)
class _Said:
    """What a text says, as pairs of a sign and its evidence ids; one sign may come several times.

    doubted: said, and set aside by words that may belong to something else. denied: names of signs denied outright.
    """

    asserted: tuple[tuple[str, tuple[str, ...]], ...]
    doubted: tuple[tuple[str, tuple[str, ...]], ...]
    denied: frozenset[str]


def signs_of(evidence: TriageInput) -> Signs:
    """Name of each sign -> evidence ids."""
    said = (_said(text).asserted for text in texts_of(evidence))
    return _joined((*said, tuple(_known(evidence.patient).items()), tuple(_measured(evidence.vitals).items())))


def doubted_signs(evidence: TriageInput) -> Signs:
    """Signs that somebody spoke of and that the words around them set aside, but perhaps wrongly.

    A sign that is denied outright elsewhere is not doubted: "… or chest pain? I feel well. No chest pain."
    """
    said = [_said(text) for text in texts_of(evidence)]
    denied = frozenset(name for one in said for name in one.denied)
    return {name: ids for name, ids in _joined(one.doubted for one in said).items() if name not in denied}


def _joined(parts: Iterable[Iterable[tuple[str, tuple[str, ...]]]]) -> Signs:
    found: dict[str, dict[str, None]] = {}
    for part in parts:
        for name, ids in part:
            found.setdefault(name, {}).update(dict.fromkeys(ids))
    return {name: tuple(ids) for name, ids in found.items()}


@lru_cache(maxsize=512)
def _said(text: Spoken) -> _Said:
    """Signs asserted, doubted and denied in a text."""
    spans = [(sentence.start, sentence.end) for sentence in text.sentences]
    found: dict[Hold, dict[str, list[int]]] = {hold: {} for hold in Hold}
    denied: set[str] = set()
    for sign in candidates(text.text):
        for match in sign.matches(text.text, spans):
            if len(found[Hold.NONE].get(sign.name, ())) >= ENOUGH_PLACES:
                break
            hold = firmest(aside(text, *span) for span in match)
            found[hold].setdefault(sign.name, []).extend(start for start, _ in match)
            if hold is Hold.FIRM and any(denial(text.text, *span) is Hold.FIRM for span in match):
                denied.add(sign.name)
    for name, place in reported_signs(text):
        found[Hold.NONE].setdefault(name, []).append(place)
    for name in _age_signs(_said_age(text)):
        found[Hold.NONE].setdefault(name, []).append(0)
    return _Said(_evidence(text, found[Hold.NONE]), _evidence(text, found[Hold.LOOSE]), frozenset(denied))


def _evidence(text: Spoken, places: dict[str, list[int]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, evidence_at(text, at)) for name, at in places.items())


def _said_age(text: Spoken) -> float | None:
    """The first age in a text, in years: "65-year-old", "I am 54", "three weeks old"."""
    match = _AGE.search(to_digits(text.text))
    if match is None:
        return None
    return float(match[3]) if match[3] else float(match[1]) * _YEARS[match[2]]


def _age_signs(age: float | None) -> tuple[str, ...]:
    if age is None:
        return ()
    limits = {"young_infant": YOUNG_INFANT_YEARS, "infant": INFANT_YEARS, "child": CHILD_YEARS}
    return ("elder",) if age >= ELDER_YEARS else tuple(name for name, limit in limits.items() if age < limit)


def _known(patient: Patient) -> Signs:
    signs: Signs = dict.fromkeys(_age_signs(patient.age), ("patient:age",))
    return signs | {"pregnant": ("patient:pregnant",)} if patient.pregnant else signs


def _measured(vitals: Vitals) -> Signs:
    """Signs that a rule may combine with words. Each appears as its vital worsens and stays as it worsens further."""
    parts = news2(vitals).parts
    circulation = tuple(f"vital:{name}" for name in ("sbp", "pulse") if parts.get(name))
    holds = {
        "fever": _at_least(vitals.temperature, FEVER_CELSIUS),
        "measured_fever": _at_least(vitals.temperature, FEVER_CELSIUS),
        "measured_high_fever": _at_least(vitals.temperature, HIGH_FEVER_CELSIUS),
        "measured_low_pressure": vitals.sbp is not None and vitals.sbp <= LOW_SBP,
        "measured_lowish_pressure": vitals.sbp is not None and vitals.sbp <= LOWISH_SBP,
        "measured_fast_pulse": _at_least(vitals.pulse, FAST_PULSE),
        "measured_very_fast_pulse": _at_least(vitals.pulse, VERY_FAST_PULSE),
        "measured_low_oxygen": parts.get("spo2", 0) >= 3,
        "measured_fast_breathing": _at_least(vitals.respirations, FAST_BREATHING),
    }
    signs: Signs = {name: (f"vital:{_VITAL_OF[name]}",) for name, held in holds.items() if held}
    if circulation:
        signs["circulation_scores"] = circulation
    return signs if vitals.temperature is not None else signs | {"temperature_unknown": ()}


def _at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit
