import json
from pathlib import Path

import numpy as np
import pytest

from vaidya.evaluation.compare import mcnemar
from vaidya.evaluation.interval import bootstrap, exact, pooled_bootstrap, repeated
from vaidya.evaluation.rate import Rate, pooled

REFERENCE = json.loads((Path(__file__).parent.parent / "reference" / "intervals.json").read_text())


@pytest.mark.parametrize("case", REFERENCE["clopper_pearson"], ids=lambda c: f"{c['errors']}/{c['total']}")
def test_exact_interval_is_statsmodels(case):
    assert exact(Rate(case["errors"], case["total"])) == pytest.approx(case["interval"], abs=1e-9)


def test_bca_interval_is_scipys_up_to_resampling():
    sample = REFERENCE["bca_mean"]["sample"]
    found = bootstrap(sample, lambda drawn: float(np.mean(drawn)), rng=np.random.default_rng(1), draws=20_000)
    assert found == pytest.approx(REFERENCE["bca_mean"]["interval"], abs=0.04)


@pytest.mark.parametrize("case", REFERENCE["mcnemar"], ids=lambda c: f"{c['only_ours']}-{c['only_theirs']}")
def test_mcnemar_is_statsmodels(case):
    b, c = case["only_ours"], case["only_theirs"]
    ours = [True] * b + [False] * c + [True] * 7
    theirs = [False] * b + [True] * c + [True] * 7
    assert mcnemar(ours, theirs) == pytest.approx(case["p"], abs=1e-9)


def test_zero_misses_in_45_still_allow_6_4_percent():
    # clinical.md, Yardsticks: the one-sided 95 % bound.
    assert exact(Rate(0, 45), level=0.90)[1] == pytest.approx(0.064, abs=5e-4)
    assert exact(Rate(0, 58), level=0.90)[1] > 0.05 >= exact(Rate(0, 59), level=0.90)[1]
    assert exact(Rate(0, 298), level=0.90)[1] > 0.01 >= exact(Rate(0, 299), level=0.90)[1]


def test_undefined_is_none_and_never_zero():
    assert Rate(0, 0).value is None
    assert exact(Rate(0, 0)) == (None, None)
    assert pooled_bootstrap([Rate(0, 0), Rate(0, 0)], rng=np.random.default_rng(0)) == (None, None)
    assert bootstrap([1.0], lambda drawn: drawn[0], rng=np.random.default_rng(0)) == (None, None)
    assert mcnemar([True, False], [True, False]) is None


def test_patients_who_are_all_alike_prove_no_certainty():
    """Rule of three, two-sided: no error in n patients leaves about 3.7 / n; Poisson: none in t leaves 3.69 / t."""
    rng = np.random.default_rng(0)
    none, all_wrong = [Rate(0, 7)] * 51, [Rate(3, 3)] * 48
    assert pooled_bootstrap(none, rng=rng) == exact(Rate(0, 51))
    assert pooled_bootstrap(all_wrong, rng=rng) == exact(Rate(48, 48))
    assert pooled_bootstrap([Rate(0, 0.5)] * 4, rng=rng, per_time=True) == pytest.approx((0.0, 3.689 / 2), abs=1e-3)


def test_errors_that_add_up_to_the_denominator_by_chance_are_no_certainty():
    """Word error rates and costs exceed 1: 3 of 2 and 1 of 2 words make 4 of 4, which is not "all wrong"."""
    rng = np.random.default_rng(0)
    low, high = pooled_bootstrap([Rate(3, 2), Rate(1, 2), Rate(2, 2), Rate(4, 2), Rate(0, 2)], rng=rng)
    assert low is not None
    assert high is not None
    assert low < 1 < high
    assert high > 1.2


def test_a_cost_that_nobody_paid_is_bounded_on_its_own_scale():
    rng = np.random.default_rng(0)
    low, high = pooled_bootstrap([Rate(0, 1)] * 45, rng=rng, most=12.0)
    assert low == 0
    assert high == pytest.approx(12 * 0.0787, abs=0.01)  # 3.7 in 45 encounters, each at the worst cost
    assert pooled_bootstrap([Rate(12, 1)] * 45, rng=rng, most=12.0)[1] == 12


def test_patients_who_all_cost_the_same_in_between_give_no_interval():
    assert pooled_bootstrap([Rate(4, 1)] * 9, rng=np.random.default_rng(0), most=12.0) == (None, None)


def test_the_same_seed_gives_the_same_interval():
    rates = [Rate(k, 10) for k in (1, 2, 0, 5, 3, 1)]
    first, second = (pooled_bootstrap(rates, rng=np.random.default_rng(3)) for _ in range(2))
    assert first == second


def test_interval_holds_the_pooled_rate():
    rates = [Rate(k, n) for k, n in ((1, 10), (2, 30), (0, 4), (5, 9), (3, 40), (1, 2))]
    low, high = pooled_bootstrap(rates, rng=np.random.default_rng(3))
    value = pooled(rates).value
    assert value is not None
    assert low is not None
    assert high is not None
    assert low <= value <= high


def test_few_repetitions_cover_the_median_nineteen_times_in_twenty():
    rng = np.random.default_rng(11)
    for count in (3, 5, 8):
        drawn = np.exp(rng.normal(0, 0.2, size=(1500, count)))  # median 1
        inside = [low <= 1 <= high for low, high in (repeated(row.tolist()) for row in drawn)]
        assert np.mean(inside) > 0.935


def test_a_rare_percentile_of_few_measurements_has_no_interval():
    values = np.random.default_rng(0).gamma(2.0, size=120).tolist()
    assert repeated(values[:20], 95) == (None, None)
    assert repeated(values[:3], 99) == repeated([1.0], 50) == repeated(values, 100) == (None, None)
    low, high = repeated(values, 95)
    assert low < np.percentile(values, 95) < high


def test_repetitions_that_are_alike_or_not_positive_have_an_interval():
    assert repeated([2.0, 2.0, 2.0]) == pytest.approx((2.0, 2.0))
    low, high = repeated([0.0, -1.0, 1.0])
    assert low < 0 < high
