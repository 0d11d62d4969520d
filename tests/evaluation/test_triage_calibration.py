"""The model's own tier: how far its probability is from how often it is right."""

import numpy as np
import pytest

from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.triage import score_triage
from vaidya.evaluation.triage_calibration import NO_PROBABILITY
from vaidya.schema import Decision, Tier, TriageRecord
from vaidya.testing import make_case, make_record

E, U, S, R = Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE


def record(tier, probability=None):
    others = {other: round((1 - (probability or 0)) / 3, 4) for other in Tier if other is not tier}
    return make_record(
        decision=Decision(tier=tier, needs_human=False, floors={"model": tier}),
        model_tier_probabilities={tier: probability, **others} if probability is not None else {},
    )


def row_of(*pairs, arm="vaidya"):
    outcomes = [
        Outcome(make_case(f"c{i}", tier=tier), found, reason=None if found else "AUDIO_EMPTY")
        for i, (tier, found) in enumerate(pairs)
    ]
    rows = score_triage(outcomes, dataset="d", arm=arm, rng=np.random.default_rng(0))
    return next((row for row in rows if row.metric == "expected_calibration_error"), None)


def test_the_confidence_of_the_tier_that_was_given_against_how_often_it_is_right():
    # Two bins: 0.85 said and 1 of 2 right; 0.45 said and 0 of 1 right.
    row = row_of((U, record(U, 0.82)), (E, record(U, 0.88)), (R, record(S, 0.45)))
    assert row.value == pytest.approx((2 * 0.35 + 0.45) / 3)
    assert (row.n_scored, row.n_unscored, row.reason) == (3, 0, None)
    assert row.low <= row.value <= row.high


def test_a_tier_within_the_acceptable_ones_is_right():
    case = make_case("a", acceptable_tiers=(U, E))
    rows = score_triage([Outcome(case, record(E, 0.95))], dataset="d", arm="vaidya", rng=np.random.default_rng(0))
    found = next(row for row in rows if row.metric == "expected_calibration_error")
    assert found.value == pytest.approx(0.05)
    assert found.low is None


def test_cases_without_a_probability_are_unscored_and_say_why():
    row = row_of((U, record(U, 0.9)), (U, record(U)), (U, make_record()), (U, None))
    assert (row.n_scored, row.n_unscored, row.reason) == (1, 3, "AUDIO_EMPTY: 1, NO_PROBABILITY: 2")


def test_no_probability_at_all_is_undefined_not_perfect():
    row = row_of((U, record(U)), (E, record(E)))
    assert (row.value, row.n_scored, row.reason) == (None, 0, f"{NO_PROBABILITY}: 2")
    assert row_of((U, record(U, 0.9)), arm="baseline:seed") is None


def test_probabilities_pass_through_json():
    before = record(U, 0.5)
    assert TriageRecord.model_validate_json(before.model_dump_json()) == before
