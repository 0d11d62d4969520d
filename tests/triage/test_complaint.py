"""Floors from the complaint: the pain scale, the level of consciousness, old complaints, and what is minor."""

import pytest

from vaidya.schema import Consciousness, Patient, Tier, Vitals
from vaidya.triage import decide
from vaidya.triage.complaint import complaints
from vaidya.triage.evidence import without_recording

NORMAL = {
    "respirations": 16.0,
    "spo2": 98.0,
    "sbp": 120.0,
    "pulse": 70.0,
    "temperature": 37.0,
    "consciousness": Consciousness.ALERT,
}


def tier(config, complaint, age=40.0, **vitals):
    return decide(without_recording(Vitals(**(NORMAL | vitals)), Patient(age=age), complaint), config).tier


@pytest.mark.parametrize(
    ("complaint", "pain", "expected"),
    [
        ("abd pain", 3.0, Tier.SEMI_URGENT),
        ("abd pain", 4.0, Tier.URGENT),
        ("abd pain", 7.9, Tier.URGENT),
        ("Abd. pain", 8.0, Tier.EMERGENCY),
        ("headache", 5.0, Tier.URGENT),
        ("ankle injury", 7.0, Tier.SEMI_URGENT),
        ("ankle injury", 8.0, Tier.URGENT),
        ("headache for three months", 3.0, Tier.ROUTINE),
        ("headache for three months", 5.0, Tier.SEMI_URGENT),
        ("headache for three months, getting worse", 5.0, Tier.URGENT),
    ],
)
def test_the_pain_scale(config, complaint, pain, expected):
    assert tier(config, complaint, pain=pain) is expected


@pytest.mark.parametrize("level", [Consciousness.VOICE, Consciousness.PAIN, Consciousness.UNRESPONSIVE])
def test_who_answers_to_voice_or_less_is_an_emergency(config, level):
    assert tier(config, "cough", consciousness=level) is Tier.EMERGENCY


def test_new_confusion_stays_with_news2(config):
    assert tier(config, "cough", consciousness=Consciousness.NEW_CONFUSION) is Tier.URGENT


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("dizziness", Tier.URGENT),
        ("open wound", Tier.SEMI_URGENT),
        ("FB in eye", Tier.SEMI_URGENT),
        ("skin rash", Tier.SEMI_URGENT),
        ("refill of my prescription", Tier.ROUTINE),
        ("suture removal", Tier.ROUTINE),
        ("runny nose", Tier.ROUTINE),
        ("mujhe jukam hai", Tier.ROUTINE),
    ],
)
def test_groups(config, complaint, expected):
    assert tier(config, complaint) is expected


def test_an_elder_with_diarrhoea_or_weakness_waits_less(config):
    assert tier(config, "diarrhea", age=30.0) is Tier.SEMI_URGENT
    assert tier(config, "diarrhea", age=70.0) is Tier.URGENT
    assert tier(config, "general weakness", age=70.0) is Tier.URGENT


def test_severe_pain_of_an_unknown_place_is_urgent(config):
    assert tier(config, "something odd", pain=9.0) is Tier.URGENT


def test_shock_with_bleeding_is_an_emergency(config):
    assert tier(config, "epistaxis", sbp=88.0) is Tier.EMERGENCY


def test_every_group_has_its_source():
    assert all("CTAS" in group.source or len(group.source) > 5 for group in complaints())
    assert all(group.tier is not Tier.EMERGENCY for group in complaints())
