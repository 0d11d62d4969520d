"""Two versions on the same cases: bounds against published numbers, failing, and what a table of them shows."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from vaidya.evaluation.compare import CaseResult, comparison_table, non_inferiority, slower, tier_p_value
from vaidya.evaluation.gate import load_gate
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.paired import paired_score, upper_bound
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.results import case_result
from vaidya.schema import Failure, Tier
from vaidya.testing import make_case, make_note, make_record

REFERENCE = json.loads((Path(__file__).parent.parent / "reference" / "intervals.json").read_text())


def name(case):
    return f"{case['worse']}-{case['better']}-{case['n']}"


@pytest.mark.parametrize("case", REFERENCE["paired_score_published"], ids=name)
def test_the_paired_interval_is_the_published_one(case):
    found = paired_score(case["worse"], case["better"], case["n"], case["level"])
    assert found == pytest.approx(case["interval"], abs=case["within"])


@pytest.mark.parametrize("case", REFERENCE["paired_score"], ids=name)
def test_the_paired_interval_is_that_of_the_likelihood_maximised_by_search(case):
    found = paired_score(case["worse"], case["better"], case["n"], case["level"])
    assert found == pytest.approx(case["interval"], abs=1e-5)


@given(st.integers(1, 80), st.data())
def test_the_paired_interval_holds_the_difference_and_turns_round_with_the_sides(n, data):
    worse = data.draw(st.integers(0, n))
    better = data.draw(st.integers(0, n - worse))
    low, high = paired_score(worse, better, n)
    assert -1 <= low <= (worse - better) / n + 1e-6
    assert (worse - better) / n - 1e-6 <= high <= 1
    assert paired_score(better, worse, n) == pytest.approx((-high, -low), abs=1e-9)


def units(worse, better, n):
    pairs = [(Rate(1, 1), Rate(0, 1))] * worse + [(Rate(0, 1), Rate(1, 1))] * better
    return pairs + [(Rate(0, 1), Rate(0, 1))] * (n - worse - better)


def bound(pairs):
    return upper_bound(pairs, np.random.default_rng(7))


def test_few_differing_cases_are_no_certainty():
    """62 cases: z2/(n + z2) is the score bound without a difference; the exact one is wider, and is taken."""
    assert bound(units(0, 0, 62)) == pytest.approx(1 - 0.05 ** (1 / 62))
    assert paired_score(0, 0, 62, level=0.9)[1] == pytest.approx(2.7055 / (62 + 2.7055), abs=1e-4)
    assert 0.02 < bound(units(0, 1, 62)) < bound(units(0, 0, 62)) < bound(units(1, 1, 62)) < bound(units(1, 0, 62))


def test_pooled_counts_with_few_differing_pairs_keep_what_is_not_seen():
    unseen = 1 - 0.05 ** (1 / 44)
    same = [(Rate(0, 5), Rate(0, 5))] * 44
    assert bound(same) == pytest.approx(unseen)
    one_better = [(Rate(0, 5), Rate(1, 5)), *same[1:]]
    assert bound(one_better) >= unseen - 1 / 220
    many_better = [(Rate(0, 5), Rate(k % 4, 5)) for k in range(44)]
    assert bound(many_better) < 0


def test_an_identical_version_passes_the_gate_of_the_repository_and_one_more_too_low_does_not():
    margins = {check.metric: check.margin for check in load_gate("champion").against}
    assert bound(units(0, 0, 62)) <= margins["under_triage"]
    assert bound(units(1, 1, 62)) <= margins["under_triage"]
    assert bound(units(1, 0, 62)) > margins["under_triage"]
    assert bound([(Rate(1, 5), Rate(1, 5))] * 50) <= margins["omitted_critical_facts"]


def result(n, rates=None, reason=None, seconds=None):
    return CaseResult(dataset="d", arm="vaidya", case_id=f"c{n}", rates=rates or {}, reason=reason, seconds=seconds)


def compared(ours, theirs, metric):
    return non_inferiority(ours, theirs, metric=metric, dataset="d", margin=0.05)


def test_only_a_case_that_failed_is_punished():
    """A note without statements has no unsupported ones; a case that crashed has the worst rate there is."""
    theirs = [result(n, {"unsupported_statements": (1.0, 5.0)}) for n in range(4)]
    fine = [result(n, {"unsupported_statements": (1.0, 5.0)}) for n in range(3)]
    assert compared([*fine, result(3)], theirs, "unsupported_statements").difference == 0
    assert compared([*fine, result(3)], theirs, "unsupported_statements").n == 3
    crashed = compared([*fine, result(3, reason="STAGE")], theirs, "unsupported_statements")
    assert crashed.difference == pytest.approx((3 + 5) / 20 - 4 / 20)


def test_a_difference_above_zero_is_for_the_worse_even_where_more_is_better():
    ours = [result(n, {"emergency_recall": (0.0, 1.0), "rouge1": (0.2, 1.0)}) for n in range(3)]
    theirs = [result(n, {"emergency_recall": (1.0, 1.0), "rouge1": (0.5, 1.0)}) for n in range(3)]
    assert compared(ours, theirs, "emergency_recall").difference == 1
    assert compared(ours, theirs, "rouge1").difference == pytest.approx(0.3)
    failed = [result(n, reason="STAGE") for n in range(3)]
    assert compared(failed, theirs, "rouge1").difference == pytest.approx(0.5)


def test_tiers_are_paired_wherever_both_were_judged_also_with_several_acceptable():
    ours = [result(n, {"under_triage": (1.0, 1.0)}) for n in range(6)]
    theirs = [result(n, {"under_triage": (0.0, 1.0)}) for n in range(6)]
    assert tier_p_value(ours, theirs, "d") == pytest.approx(2 * 0.5**6)
    assert tier_p_value([result(0)], theirs, "d") is None


def test_seconds_are_compared_without_a_verdict():
    ours = [result(n, {"under_triage": (0.0, 1.0)}, seconds=3.0 + n % 2) for n in range(12)]
    theirs = [result(n, {"under_triage": (0.0, 1.0)}, seconds=2.0) for n in range(12)]
    assert slower(ours, theirs, "d").difference == pytest.approx(1.5)
    console = Console(width=100, file=io.StringIO())
    console.print(comparison_table(ours, theirs, margin=0.05))
    line = next(line for line in console.file.getvalue().splitlines() if "seconds" in line)
    assert "worse" not in line


def test_a_case_keeps_what_a_comparison_needs():
    case = make_case(lines=["no chest pain"], tier=Tier.URGENT, note="no chest pain today")
    failed = Failure(stage="acoustic", code="STAGE_TIMEOUT", message="m")
    record = make_record(Tier.ROUTINE, note=make_note(["No chest pain"]), failures=(failed,))
    found = case_result("d", "vaidya", Outcome(case, record, seconds=2.0))
    assert found.reason == "STAGE_TIMEOUT"
    assert found.rates["under_triage"] == (1.0, 1.0)
    assert 0 < found.rates["rouge1"][0] < found.rates["rouge1"][1] == 1
    section = case_result("d", "vaidya", Outcome(case.model_copy(update={"section_header": "HPI"}), section=case.note))
    assert section.rates["rouge1"] == (1.0, 1.0)
