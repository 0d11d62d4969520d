"""A made-up card that has earned its weight: what tests change to see it refused."""

import pytest

from vaidya.acoustic.card import BASELINES, Card, Figure


def figure(low: float | None, high: float | None) -> Figure:
    value = None if low is None or high is None else (low + high) / 2
    return Figure(value=value, low=low, high=high, n=100)


def make_card() -> Card:
    """A made-up probe that beats every baseline on other subjects, recorded as it is used."""
    return Card(
        name="made-up",
        kind="probe",
        encoder="spectral",
        encoder_sha256=(),
        labels=("ill",),
        target="ill",
        intended_use="tests",
        not_for="patients",
        limits=("made up",),
        sources=(),
        split="subject",
        folds="made up",
        calibration="made up",
        regularisation=1.0,
        held_out={},
        auroc=figure(0.80, 0.90),
        baselines={name: figure(0.50, 0.79) for name in BASELINES},
        recorded_as_used=True,
        trained_at="2000-01-01T00:00:00+00:00",
        trained_with={},
        sha256="0" * 64,
        seen=(),
    )


@pytest.fixture
def earned_card() -> Card:
    return make_card()
