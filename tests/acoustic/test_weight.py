"""Sound weighs nothing until a card proves that it should: each way to fail, and the one way to pass."""

import pytest

from tests.acoustic.conftest import figure
from vaidya.acoustic.card import BASELINES, Card, read_card
from vaidya.acoustic.head import shipped_folder
from vaidya.acoustic.weight import weight_of


def test_a_probe_that_beats_every_baseline_on_held_out_subjects_earns_its_weight(earned_card):
    weight = weight_of(earned_card)
    assert weight.value == 1.0
    assert "0.80" in weight.reason
    assert "0.79" in weight.reason


def test_without_a_card_sound_weighs_nothing():
    assert weight_of(None).value == 0.0
    assert "card" in weight_of(None).reason


@pytest.mark.parametrize("name", BASELINES)
def test_one_baseline_whose_upper_bound_reaches_the_lower_bound_is_enough_to_refuse(earned_card, name):
    card = earned_card.model_copy(update={"baselines": {**earned_card.baselines, name: figure(0.6, 0.80)}})
    assert weight_of(card).value == 0.0
    assert name in weight_of(card).reason


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "clip"},
        {"recorded_as_used": False},
        {"kind": "events"},
        {"target": None},
        {"auroc": None},
        {"auroc": figure(None, None)},
        {"baselines": {}},
        {"baselines": {"rms": figure(0.1, 0.2)}},
        {"baselines": dict.fromkeys(BASELINES, figure(None, None))},
    ],
)
def test_whatever_is_missing_or_wrong_leaves_the_weight_at_nothing(earned_card, changes):
    assert weight_of(earned_card.model_copy(update=changes)).value == 0.0


def test_what_ships_has_earned_nothing_yet():
    cards = [read_card(path) for path in sorted(shipped_folder().glob("*.yaml"))]
    assert cards, "no card ships"
    assert {weight_of(card).value for card in cards} == {0.0}


def test_every_shipped_card_says_what_it_cannot_show():
    cards: list[Card] = [read_card(path) for path in sorted(shipped_folder().glob("*.yaml"))]
    for card in cards:
        assert card.limits
        assert card.seen
        assert card.sources
        assert card.split == "subject"
