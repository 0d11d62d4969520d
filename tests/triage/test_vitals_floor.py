"""The floor of the vital signs: single-vital rules, what is missing, and whom the adult score describes."""

import pytest

from vaidya.schema import Consciousness, Patient, Tier, Vitals
from vaidya.triage.vitals import vitals_reasons

NORMAL = {
    "respirations": 16.0,
    "spo2": 98.0,
    "sbp": 120.0,
    "pulse": 70.0,
    "temperature": 37.0,
    "consciousness": Consciousness.ALERT,
}
ADULT = Patient(age=40.0, pregnant=False)


def floor(vitals: Vitals, patient: Patient = ADULT):
    return max((reason.tier for reason in vitals_reasons(vitals, patient, 16.0)), default=None)


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("sbp", 180.0, 179.0),
        ("sbp", 69.0, 70.0),
        ("pulse", 151.0, 150.0),
        ("pulse", 39.0, 40.0),
        ("spo2", 87.0, 88.0),
        ("temperature", 40.0, 39.9),
    ],
)
def test_one_vital_can_be_an_emergency(name, inside, outside):
    assert floor(Vitals(**{name: inside})) is Tier.EMERGENCY
    assert floor(Vitals(**{name: outside})) is not Tier.EMERGENCY


def test_six_normal_vitals_of_an_adult_are_routine():
    assert floor(Vitals(**NORMAL)) is Tier.ROUTINE


@pytest.mark.parametrize("name", NORMAL)
def test_with_one_of_six_missing_the_floor_is_unknown(name):
    assert floor(Vitals(**{k: v for k, v in NORMAL.items() if k != name})) is None


@pytest.mark.parametrize("name", NORMAL)
def test_with_one_missing_the_others_still_raise(name):
    values = {k: v for k, v in NORMAL.items() if k != name}
    other = "sbp" if name == "pulse" else "pulse"
    values[other] = 85.0 if other == "sbp" else 140.0
    assert floor(Vitals(**values)) is Tier.URGENT


@pytest.mark.parametrize("patient", [Patient(age=8.0), Patient(age=30.0, pregnant=True), Patient(), Patient(age=0.0)])
def test_normal_on_an_adult_chart_says_nothing_of_a_child_or_in_pregnancy(patient):
    assert floor(Vitals(**NORMAL), patient) is None
    assert floor(Vitals(**{**NORMAL, "pulse": 140.0}), patient) is Tier.URGENT


def test_shock_hypothermia_and_a_slow_pulse_are_an_emergency():
    assert floor(Vitals(sbp=72.0, pulse=40.0, temperature=33.0)) is Tier.EMERGENCY


def test_breathing_counts():
    assert floor(Vitals(**{**NORMAL, "respirations": 32.0})) is Tier.URGENT


@pytest.mark.parametrize(
    ("spo2", "on_oxygen", "tier"),
    [
        (90.0, False, Tier.ROUTINE),
        (98.0, False, Tier.ROUTINE),
        (90.0, None, None),
        (98.0, None, Tier.URGENT),
        (90.0, True, Tier.SEMI_URGENT),
    ],
)
def test_on_scale_2_routine_needs_to_know_of_oxygen(spo2, on_oxygen, tier):
    assert floor(Vitals(**{**NORMAL, "spo2": spo2, "spo2_scale": 2, "on_oxygen": on_oxygen})) is tier


def test_a_reason_says_that_scale_2_was_used_and_how_oxygen_was_read():
    said = vitals_reasons(Vitals(**{**NORMAL, "spo2": 90.0, "spo2_scale": 2, "on_oxygen": False}), ADULT, 16.0)
    unsaid = vitals_reasons(Vitals(spo2=98.0, spo2_scale=2), ADULT, 16.0)
    assert "scale 2" in said[0].detail
    assert "scale 2, read as on oxygen" in unsaid[0].detail


def test_reasons_name_the_parts_and_no_value():
    (reason,) = vitals_reasons(Vitals(pulse=115.0), ADULT, 16.0)
    assert (reason.rule, reason.evidence) == ("news2", ("vital:pulse",))
    assert reason.detail == "NEWS2 at least 2: pulse 2"
