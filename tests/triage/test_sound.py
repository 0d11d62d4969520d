"""Earned sound: one tier up at most, only with weight, only for a respiratory patient."""

from dataclasses import replace

import pytest

from vaidya.schema import Consciousness, NoteState, Patient, ProbeSignal, Tier, Vitals
from vaidya.testing import make_findings, make_transcript
from vaidya.triage import TriageInput, decide

NORMAL = Vitals(
    respirations=16.0, spo2=98.0, sbp=120.0, pulse=70.0, temperature=37.0, consciousness=Consciousness.ALERT
)


def heard(probability=0.9, weight=0.2, lines=("I have a cough and a runny nose",), vitals=NORMAL):
    signal = ProbeSignal(
        probe="made-up", target="disease", probability=probability, threshold=0.5, card_sha256="0" * 64
    )
    findings = make_findings(signal=signal, weight=weight)
    patient = Patient(age=40.0, pregnant=False)
    return TriageInput(vitals, patient, None, make_transcript(lines), findings, Tier.ROUTINE, NoteState.DRAFTED)


def test_it_raises_by_one(config):
    decision = decide(heard(), config)
    assert (decision.tier, decision.floors["sound"]) == (Tier.SEMI_URGENT, Tier.SEMI_URGENT)


@pytest.mark.parametrize(
    "changes",
    [{"weight": 0.0}, {"probability": 0.4}, {"lines": ("I need a refill of my tablets",)}],
    ids=["no weight", "below the threshold", "not respiratory"],
)
def test_it_says_nothing(config, changes):
    decision = decide(heard(**changes), config)
    assert "sound" not in decision.floors
    assert decision.tier is Tier.ROUTINE


def test_an_abnormal_breathing_rate_is_respiratory_enough(config):
    fast = NORMAL.model_copy(update={"respirations": 22.0})
    decision = decide(heard(lines=("I need a refill of my tablets",), vitals=fast), config)
    assert decision.tier is Tier.URGENT  # NEWS2 2 is SEMI_URGENT


def test_it_never_lowers_and_never_passes_emergency(config):
    ill = heard(lines=("I have chest pain and a cough",))
    assert decide(ill, config).tier is Tier.EMERGENCY
    assert decide(replace(ill, findings=make_findings()), config).tier is Tier.EMERGENCY


def test_switched_off_it_is_silent(config):
    assert decide(heard(), config.model_copy(update={"sound": False})).tier is Tier.ROUTINE
