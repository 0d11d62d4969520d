"""Sound and triage scores against numbers of scikit-learn, stored by tests/reference/make_probability_scores.py."""

import json
from pathlib import Path

import pytest

from vaidya.evaluation.acoustic import auroc, expected_calibration_error, f1_by_label, macro_f1
from vaidya.evaluation.triage_errors import cost, risk_coverage
from vaidya.schema import Tier

STORED = json.loads((Path(__file__).parents[1] / "reference" / "probability_scores.json").read_text())
BY_SEVERITY = sorted(Tier, key=lambda tier: tier.severity)


@pytest.mark.parametrize("case", STORED["sounds"], ids=lambda case: f"n={len(case['scores'])}")
def test_sound_scores_are_those_of_scikit_learn(case):
    assert auroc(case["positive"], case["scores"]) == pytest.approx(case["auroc"])
    assert expected_calibration_error(case["positive"], case["scores"]) == pytest.approx(case["calibration_error"])
    assert f1_by_label(case["labels"], case["decided"]) == pytest.approx(case["f1"])
    assert macro_f1(case["labels"], case["decided"]) == pytest.approx(case["macro_f1"])


@pytest.mark.parametrize("case", STORED["tiers"], ids=lambda case: f"n={len(case['doubt'])}")
def test_tier_scores_are_those_of_scikit_learn(case):
    reference, decided = ([BY_SEVERITY[place] for place in case[name]] for name in ("reference", "decided"))
    assert cost(reference, decided).value == pytest.approx(case["cost"])
    wrong = [d < r for r, d in zip(reference, decided, strict=True)]
    points = risk_coverage(wrong, case["doubt"])
    assert [list(point) for point in points] == [pytest.approx(point) for point in case["risk_coverage"]]
