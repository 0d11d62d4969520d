import json
from pathlib import Path

import numpy as np
import pytest

from vaidya.errors import ConfigError, LengthMismatchError
from vaidya.evaluation.baseline import baseline_outcomes, seed_vitals
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.triage import abstention_curve, score_triage
from vaidya.evaluation.triage_errors import (
    confusion,
    cost,
    emergency_recall,
    emergency_to_routine,
    over_triage,
    risk_coverage,
    severe_under_triage,
    under_triage,
    weighted_kappa,
)
from vaidya.schema import Decision, Tier, Vitals
from vaidya.testing import make_case, make_record

E, U, S, R = Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE
ORDER = (R, S, U, E)
REFERENCE = json.loads((Path(__file__).parent.parent / "reference" / "triage_scores.json").read_text())


def tiers(numbers):
    return [ORDER[n] for n in numbers]


@pytest.mark.parametrize("case", REFERENCE, ids=lambda c: f"n={len(c['reference'])}")
def test_numbers_are_scikit_learns(case):
    reference, decided = tiers(case["reference"]), tiers(case["decided"])
    assert weighted_kappa(reference, decided) == pytest.approx(case["kappa"])
    assert emergency_recall(reference, decided).value == pytest.approx(case["emergency_recall"])
    counts = confusion(reference, decided)
    assert [[counts.get((r, d), 0) for d in ORDER] for r in ORDER] == case["confusion"]
    below = sum(case["confusion"][r][d] for r in range(4) for d in range(r))
    assert under_triage(reference, decided) == Rate(below, len(reference))


def test_a_table_counted_by_hand():
    reference, decided = [E, E, E, U, S, R], [E, S, R, U, U, R]
    assert under_triage(reference, decided) == Rate(2, 6)
    assert severe_under_triage(reference, decided) == Rate(2, 6)
    assert over_triage(reference, decided) == Rate(1, 6)
    assert emergency_recall(reference, decided) == Rate(1, 3)
    assert emergency_to_routine(reference, decided) == Rate(1, 3)
    assert cost(reference, decided) == Rate(4 * (2 + 3) + 1, 6)


def test_several_acceptable_tiers_are_a_range():
    assert under_triage([(S, R)], [R]).errors == 0
    assert over_triage([(S, R)], [S]).errors == 0
    assert over_triage([(S, R)], [U]).errors == 1
    assert under_triage([(E, U)], [S]).errors == 1


def test_undefined_is_none():
    assert under_triage([], []).value is None
    assert emergency_recall([R], [R]).value is None
    assert weighted_kappa([U, U], [U, U]) is None


def test_unequal_lengths_are_refused():
    with pytest.raises(LengthMismatchError):
        under_triage([U], [])
    with pytest.raises(LengthMismatchError):
        risk_coverage([True], [])


def outcomes(pairs):
    return [
        Outcome(make_case(f"c{i}", ["hello"], tier=reference), make_record(decided) if decided else None)
        for i, (reference, decided) in enumerate(pairs)
    ]


def rows_of(pairs, **changes):
    rows = score_triage(outcomes(pairs), dataset="d", arm="vaidya", rng=np.random.default_rng(0))
    return {row.metric: row for row in rows if row.cohort == "all"}


def test_a_case_that_could_not_run_is_unscored_and_counted():
    rows = rows_of([(E, E), (E, None), (R, R)])
    assert (rows["under_triage"].n_scored, rows["under_triage"].n_unscored) == (2, 1)
    assert rows["under_triage"].value == 0
    assert rows["under_triage"].high is not None
    assert rows["under_triage"].high > 0.5


def test_a_cohort_counts_its_own_failures_and_says_why():
    def one(n, language, decided, reason=None):
        case = make_case(f"c{n}", ["hello"], tier=E, language=language)
        return Outcome(case, make_record(decided) if decided else None, reason=reason)

    given = [one(0, "en", E), one(1, "en", E), one(2, "ta", E), one(3, "ta", None, "AUDIO_LIMIT"), one(4, "te", None)]
    rows = score_triage(given, dataset="d", arm="vaidya", rng=np.random.default_rng(0))
    found = {row.cohort: row for row in rows if row.metric == "under_triage"}
    assert (found["all"].n_unscored, found["all"].reason) == (2, "AUDIO_LIMIT: 1, NO_RECORD: 1")
    assert (found["language=en"].n_unscored, found["language=en"].reason) == (0, None)
    assert (found["language=ta"].n_scored, found["language=ta"].n_unscored) == (1, 1)
    assert found["language=ta"].reason == "AUDIO_LIMIT: 1"
    assert (found["language=te"].value, found["language=te"].n_unscored) == (None, 1)


def test_a_cost_is_bounded_on_its_own_scale_or_not_at_all():
    free = rows_of([(E, E), (R, R)] * 20)["triage_cost"]
    assert (free.value, free.low) == (0, 0)
    assert free.high == pytest.approx(12 * 0.0881, abs=0.01)  # Clopper-Pearson of 0 in 40, at the worst cost
    alike = rows_of([(U, S)] * 10)["triage_cost"]
    assert (alike.value, alike.low, alike.high) == (4, None, None)
    assert "no interval" in (alike.reason or "")


def test_cases_without_a_reference_give_no_rows():
    case = Outcome(make_case(lines=["hello"]), make_record())
    assert score_triage([case], dataset="d", arm="vaidya", rng=np.random.default_rng(0)) == []


def test_rows_do_not_change_from_run_to_run():
    pairs = [(E, U), (U, U), (S, R), (R, S), (E, E)] * 4
    assert rows_of(pairs) == rows_of(pairs)


def test_doubt_admits_sure_cases_first():
    sure = make_record(U)
    asked = sure.model_copy(update={"decision": Decision(tier=R, needs_human=True, human_reasons=("AGE_UNKNOWN",))})
    found = abstention_curve([Outcome(make_case("a", tier=U), sure), Outcome(make_case("b", tier=U), asked)])
    assert found == [(0.5, 0.0), (1.0, 0.5)]


@pytest.mark.parametrize(
    ("vitals", "tier"),
    [({"sbp": 72, "pulse": 40, "temperature": 33.0}, R), ({"respirations": 40}, R), ({}, R), ({"spo2": 87}, E)],
)
def test_the_seed_rule_fails_as_it_failed(vitals, tier):
    # clinical.md, "How the upstream system failed", 3 and 4.
    assert seed_vitals(Vitals(**{k: float(v) for k, v in vitals.items()})) is tier


def test_baselines_replace_the_decision_alone():
    given = outcomes([(E, E), (R, R)])
    decided = baseline_outcomes("always_urgent", given)
    assert decided is not None
    assert [o.record.decision.tier for o in decided if o.record] == [U, U]
    assert baseline_outcomes("nurse", given) is None
    with pytest.raises(ConfigError):
        baseline_outcomes("oracle", given)


def test_the_longest_turn_stands_as_a_note():
    case = make_case("a", ["short", "a longer turn"], tier=U)
    noted = baseline_outcomes("longest_turn", [Outcome(case, make_record())])
    assert noted is not None
    assert noted[0].record is not None
    assert [s.text for s in noted[0].record.note.subjective] == ["a longer turn"]
