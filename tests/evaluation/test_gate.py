import pytest

from vaidya.errors import ConfigError
from vaidya.evaluation.compare import CaseResult, non_inferiority
from vaidya.evaluation.gate import Gate, check_gate, load_gate
from vaidya.evaluation.rows import Row


def gate_of(**check):
    return Gate(gate="t", description="t", checks=({"dataset": "d", "reason": "r", **check},))


def row(metric="under_triage", errors=0.0, total=45.0, **changes):
    base = {
        "dataset": "d",
        "arm": "vaidya",
        "metric": metric,
        "value": errors / total if total else None,
        "errors": errors,
        "total": total,
    }
    return Row(**{**base, "n_scored": int(total or 0), **changes})


def test_a_point_estimate_of_zero_does_not_pass_a_bound_that_n_cannot_carry():
    strict = gate_of(metric="under_triage", bound="exact", at_most=0.05)
    decision = check_gate(strict, [row(total=45.0)])
    assert not decision.passed
    assert decision.results[0].bound == pytest.approx(0.064, abs=5e-4)
    assert check_gate(strict, [row(total=59.0)]).passed


def test_a_missing_metric_is_a_failure():
    assert not check_gate(gate_of(metric="under_triage", at_most=1.0), []).passed


def test_an_undefined_bound_is_a_failure():
    undefined = row(value=None, low=None, high=None, errors=None, total=None, n_scored=0, reason="no case")
    for bound in ("exact", "interval", "value"):
        assert not check_gate(gate_of(metric="under_triage", bound=bound, at_most=1.0), [undefined]).passed


def test_a_baseline_row_does_not_stand_in_for_the_pipeline():
    assert not check_gate(gate_of(metric="under_triage", at_most=1.0, bound="value"), [row(arm="baseline:x")]).passed


def test_too_few_cases_fail_even_with_a_good_bound():
    decision = check_gate(gate_of(metric="under_triage", bound="value", at_most=0.5, min_n=50), [row(total=45.0)])
    assert "50 are needed" in (decision.results[0].failure or "")


def test_an_exact_bound_counts_what_it_rests_on():
    """Ten emergencies among sixty encounters are ten, whatever else was scored."""
    check = gate_of(metric="emergency_recall", bound="exact", at_least=0.5, min_n=16)
    decision = check_gate(check, [row("emergency_recall", 10.0, 10.0, n_scored=60)])
    assert decision.results[0].n == 10
    assert decision.results[0].failure == "only 10 cases were scored, 16 are needed"


def test_lower_bounds_are_read_downwards():
    recall = gate_of(metric="emergency_recall", bound="exact", at_least=0.9)
    assert not check_gate(recall, [row("emergency_recall", 19.0, 20.0)]).passed
    assert check_gate(recall, [row("emergency_recall", 99.0, 100.0)]).passed


def test_a_check_states_one_direction():
    with pytest.raises(ValueError, match="exactly one"):
        gate_of(metric="x", at_most=1.0, at_least=0.0)


def test_unknown_gate_is_refused():
    with pytest.raises(ConfigError):
        load_gate("no-such-gate")


def results(errors, arm="vaidya"):
    return [
        CaseResult(dataset="d", arm=arm, case_id=f"c{i}", rates={"under_triage": (float(e), 1.0)})
        for i, e in enumerate(errors)
    ]


def test_non_inferiority_needs_the_upper_bound_within_the_margin():
    same = non_inferiority(results([0] * 60), results([0] * 60), metric="under_triage", dataset="d", margin=0.05)
    assert (same.difference, same.n) == (0.0, 60)
    assert same.upper == pytest.approx(1 - 0.05 ** (1 / 60))
    worse = non_inferiority(
        results([1] * 6 + [0] * 54), results([0] * 60), metric="under_triage", dataset="d", margin=0.05
    )
    assert worse.upper is not None
    assert worse.upper > 0.05


def test_failing_on_a_case_counts_as_the_worst_result():
    ours = [*results([0] * 10), CaseResult(dataset="d", arm="vaidya", case_id="c10", reason="STAGE")]
    theirs = results([0] * 11)
    assert non_inferiority(ours, theirs, metric="under_triage", dataset="d", margin=0.05).difference == pytest.approx(
        1 / 11
    )


def test_paired_checks_are_decided_against_the_champion():
    gate = Gate(
        gate="t",
        description="t",
        checks=({"metric": "under_triage", "dataset": "d", "bound": "value", "at_most": 1.0, "reason": "r"},),
        against=({"metric": "under_triage", "dataset": "d", "margin": 0.05, "reason": "r"},),
    )
    rows = [row()]
    assert check_gate(gate, rows, results([0] * 60), results([0] * 60)).passed
    assert not check_gate(gate, rows, results([1] * 60), results([0] * 60)).passed
    assert not check_gate(gate, rows, [], results([0] * 60)).passed
    assert check_gate(gate, rows, results([1] * 60), None).passed


def test_cases_without_a_result_are_no_way_through():
    crashed = row(errors=0.0, total=45.0, n_unscored=1)
    check = {"metric": "under_triage", "bound": "value", "at_most": 1.0}
    assert "1 cases have no result" in (check_gate(gate_of(**check), [crashed]).results[0].failure or "")
    assert check_gate(gate_of(**check, max_unscored=1), [crashed]).passed


def test_a_gate_without_checks_is_not_valid():
    with pytest.raises(ValueError, match="at least 1 item"):
        Gate(gate="t", description="t", checks=())


def test_no_gate_reads_how_much_words_overlap(repository):
    for path in (repository / "eval" / "gates").glob("*.yaml"):
        gate = load_gate(str(path))
        assert not [c.metric for c in (*gate.checks, *gate.against) if c.metric.startswith(("rouge", "bertscore"))]
