"""Numbers that are said: beyond a limit they are signs, within it they say nothing."""

import pytest

from vaidya.schema import Patient, Vitals
from vaidya.triage.evidence import without_recording
from vaidya.triage.signs import signs_of


def signs(text):
    return {n for n in signs_of(without_recording(Vitals(temperature=37.0), Patient(age=40.0), text)) if n != "child"}


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("my heart rate is one hundred and sixty five", "reported_very_fast_pulse"),
        ("pulse 140", "reported_fast_pulse"),
        ("racing at 170 beats per minute", "reported_very_fast_pulse"),
        ("oxygen is 86 percent", "reported_very_low_oxygen"),
        ("temperature of 102", "fever"),
        ("temperature of 38.3", "fever"),
        ("fever of 105", "reported_very_high_temperature"),
        ("blood pressure 190 over 100", "reported_very_high_pressure"),
        ("bp 85/50", "reported_low_pressure"),
        ("sugar was 45", "low_sugar"),
        ("glucose 3.1", "low_sugar"),
        ("sugar is 480", "high_sugar"),
        ("my sodium is 118", "reported_low_sodium"),
        ("potassium of 6.5", "reported_high_potassium"),
    ],
)
def test_beyond_a_limit(text, sign):
    assert sign in signs(text)


@pytest.mark.parametrize(
    "text",
    [
        "my heart rate is 80",
        "oxygen is 98",
        "temperature of 98.6",
        "temperature 36.8",
        "blood pressure 120 over 80",
        "sugar was 110",
        "sodium 140",
        "potassium 4.4",
        "come back if your blood pressure is >180/120",
        "call us if your oxygen is 85",
        "I took 150 mg",
        "room 190/100",
    ],
)
def test_within_the_limits_or_imagined(text):
    assert not {name for name in signs(text) if name.startswith("reported_") and "pressure" not in name}
    assert not signs(text) & {"fever", "low_sugar", "high_sugar"}
