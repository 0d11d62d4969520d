"""Numbers that a patient or a letter reports: "my heart is at 170", "sugar was 48", "sodium 118".

They are hearsay, so they are never written as vital signs; beyond a limit they are signs, and can only raise a tier.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vaidya.language import is_imagined, to_digits
from vaidya.triage.spoken import Spoken

_NUMBER = r"(?<![\d.>≥<])(\d{1,3}(?:\.\d{1,2})?)(?![\d/]|\.\d)"
_UP_TO = r"[^.?!;\d>≥<]{0,28}?"


@dataclass(frozen=True, slots=True)
class Reported:
    """A limit on one reported quantity.

    named: expressions with the value as first group. plausible: values outside are another unit, or another thing.
    """

    sign: str
    named: tuple[re.Pattern[str], ...]
    plausible: tuple[float, float]
    holds: Callable[[float], bool]


def _named(names: str, after: str = "") -> tuple[re.Pattern[str], ...]:
    """`name … 170` and, where a unit says what it is, `170 unit`."""
    before = re.compile(rf"\b(?:{names})\b{_UP_TO}{_NUMBER}")
    return (before, re.compile(rf"{_NUMBER}\s*(?:{after})\b")) if after else (before,)


_PULSE = _named("pulse|heart rate|hr|heart is|heart", "beats|bpm")
_SPO2 = _named("spo2|oxygen|saturation|sats?|o2|oximeter")
_TEMPERATURE = _named("temperature|temp|fever|thermometer", "degrees|°c|°f|celsius|fahrenheit")
_BREATHS = _named("respiratory rate|respirations|breathing rate|rr", "breaths (?:per|a) minute")
_SUGAR = _named("sugar|glucose|glucometer|meter")
_SODIUM = _named("sodium")
_POTASSIUM = _named("potassium")
_PRESSURE = re.compile(r"(?<![\d.>≥<])(\d{2,3})\s*(?:/|over)\s*(\d{2,3})(?![\d/])")
_SYSTOLIC = _named("systolic|blood pressure|bp")


def _fahrenheit_or_celsius(celsius: float) -> Callable[[float], bool]:
    return lambda value: (value if value < 60 else (value - 32) / 1.8) >= celsius - 1e-9


def _millimolar_or_mg(limit_mg: float, *, below: bool) -> Callable[[float], bool]:
    # Glucose in mmol/L stays under 35; 1 mmol/L is 18 mg/dL.
    def holds(value: float) -> bool:
        mg = value * 18 if value < 35 else value
        return mg < limit_mg if below else mg > limit_mg

    return holds


# Limits: single vitals as in vaidya.triage.vitals and a NEWS2 part of 3; glucose ADA 2024 level 1 and JBDS 2023;
# sodium and potassium: European guideline on hyponatraemia 2014 and UK Kidney Association 2023, severe.
REPORTED = (
    Reported("reported_fast_pulse", _PULSE, (30, 300), lambda v: v > 130),
    Reported("reported_very_fast_pulse", _PULSE, (30, 300), lambda v: v > 150),
    Reported("reported_slow_pulse", _PULSE, (20, 300), lambda v: v < 40),
    Reported("reported_low_oxygen", _SPO2, (50, 100), lambda v: v < 92),
    Reported("reported_very_low_oxygen", _SPO2, (50, 100), lambda v: v < 88),
    Reported("fever", _TEMPERATURE, (34, 110), _fahrenheit_or_celsius(38.0)),
    Reported("reported_very_high_temperature", _TEMPERATURE, (34, 110), _fahrenheit_or_celsius(40.0)),
    Reported("reported_fast_breathing", _BREATHS, (4, 90), lambda v: v > 24),
    Reported("reported_very_high_pressure", _SYSTOLIC, (60, 300), lambda v: v >= 180),
    Reported("reported_high_pressure", _SYSTOLIC, (60, 300), lambda v: v >= 140),
    Reported("reported_low_pressure", _SYSTOLIC, (60, 300), lambda v: v <= 90),
    Reported("low_sugar", _SUGAR, (1, 800), _millimolar_or_mg(70, below=True)),
    Reported("high_sugar", _SUGAR, (1, 800), _millimolar_or_mg(250, below=False)),
    Reported("reported_low_sodium", _SODIUM, (90, 180), lambda v: v < 125),
    Reported("reported_high_potassium", _POTASSIUM, (1.5, 10), lambda v: v >= 6.0),
)


def reported_signs(text: Spoken) -> Iterator[tuple[str, int]]:
    """Each sign that a reported number gives, with the offset of its sentence."""
    for sentence in text.sentences:
        digits = to_digits(sentence.text)
        if not any(character.isdigit() for character in digits):
            continue
        for rule in REPORTED:
            if any(_holds(rule, match, digits) for named in rule.named for match in named.finditer(digits)):
                yield rule.sign, sentence.start
        yield from ((sign, sentence.start) for sign in _pressure_signs(digits))


def _holds(rule: Reported, match: re.Match[str], sentence: str) -> bool:
    value = float(match[1])
    low, high = rule.plausible
    return low <= value <= high and rule.holds(value) and not is_imagined(sentence, match.start(1), match.end(1))


def _pressure_signs(sentence: str) -> Iterator[str]:
    for match in _PRESSURE.finditer(sentence):
        systolic, diastolic = float(match[1]), float(match[2])
        if not 60 <= systolic <= 300 or not 30 <= diastolic < systolic or is_imagined(sentence, *match.span()):
            continue
        if systolic >= 180 or diastolic >= 120:
            yield "reported_very_high_pressure"
        if systolic >= 140 or diastolic >= 90:
            yield "reported_high_pressure"
        if systolic <= 90:
            yield "reported_low_pressure"
