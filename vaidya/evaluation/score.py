"""Outcomes -> rows: every scorer of a suite on every arm, and the baselines beside them."""

from collections.abc import Iterable, Sequence

from vaidya.backends import resolve
from vaidya.evaluation.baseline import baseline_outcomes, baseline_scorer
from vaidya.evaluation.outcome import Outcome, Scorer
from vaidya.evaluation.rows import BASELINE_PREFIX, PIPELINE_ARM, Row, no_cases
from vaidya.evaluation.run import ArmOutcomes, generator
from vaidya.evaluation.suite import SCORERS, Suite


def score_suite(suite: Suite, runs: Iterable[ArmOutcomes]) -> list[Row]:
    """Rows of every arm and baseline, in the order of the runs; a run without cases gives one row with the reason."""
    rows: list[Row] = []
    for run in runs:
        if run.reason is not None:
            rows.append(no_cases(run.dataset.name, run.arm, run.reason))
            continue
        names = run.dataset.scorers if run.dataset.scorers is not None else suite.scorers
        rows += score_arm(suite, names, run.outcomes, dataset=run.dataset.name, arm=run.arm)
        if run.arm == PIPELINE_ARM:
            rows += _baselines(suite, names, run)
    return rows


def score_arm(suite: Suite, names: Sequence[str], outcomes: Sequence[Outcome], *, dataset: str, arm: str) -> list[Row]:
    """Rows of one arm on one dataset; randomness depends on the suite's seed and the names alone."""
    rows: list[Row] = []
    for name in names:
        scorer: Scorer = resolve(SCORERS, name)
        rows += scorer(outcomes, dataset=dataset, arm=arm, rng=generator(suite.seed, dataset, arm, name))
    return rows


def _baselines(suite: Suite, names: Sequence[str], run: ArmOutcomes) -> list[Row]:
    rows: list[Row] = []
    for baseline in suite.baselines:
        scorer = baseline_scorer(baseline)
        outcomes = baseline_outcomes(baseline, run.outcomes) if scorer in names else None
        if outcomes is not None:
            rows += score_arm(suite, (scorer,), outcomes, dataset=run.dataset.name, arm=BASELINE_PREFIX + baseline)
    return rows
