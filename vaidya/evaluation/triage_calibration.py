"""Whether the language model's tier is right as often as its probability says: the calibration of its own tier.

The confidence is the probability of the tier that the model gave (`TriageRecord.model_tier_probabilities`); it is right
when the reference accepts that tier. Definition and limits: eval/cards/expected_calibration_error.md.
"""

from collections.abc import Sequence

import numpy as np

from vaidya.evaluation.acoustic import expected_calibration_error
from vaidya.evaluation.interval import bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import Row, counted
from vaidya.schema import Source, Tier, TriageRecord

NO_PROBABILITY = "NO_PROBABILITY"  # no engine told how probable the tiers were, or no model gave one


def calibration_row(
    judged: Sequence[tuple[Sequence[Tier], Outcome]], *, dataset: str, arm: str, rng: np.random.Generator
) -> Row:
    """The expected calibration error of the model's tier, over the encounters whose record tells its probability.

    judged: the acceptable tiers of each encounter, and what was made of it. One without a probability is unscored, with
    its code in the reason; the value is None when none has one.
    """
    pairs: list[tuple[bool, float]] = []
    missing: list[str] = []
    for acceptable, outcome in judged:
        tier, share = _given(outcome.record)
        if share is None:
            missing.append(outcome.reason or NO_PROBABILITY)
        else:
            pairs.append((tier in acceptable, share))
    low, high = bootstrap(pairs, _error, rng=rng, draws=1_000)
    return Row(
        dataset=dataset,
        arm=arm,
        metric="expected_calibration_error",
        value=_error(pairs),
        low=low,
        high=high,
        n_scored=len(pairs),
        n_unscored=len(missing),
        reason=counted(missing),
    )


def _given(record: TriageRecord | None) -> tuple[Tier | None, float | None]:
    """The model's tier, and its probability."""
    tier = record.decision.floors.get(Source.MODEL.value) if record else None
    return tier, record.model_tier_probabilities.get(tier) if record and tier else None


def _error(pairs: Sequence[tuple[bool, float]]) -> float | None:
    return expected_calibration_error([right for right, _ in pairs], [said for _, said in pairs])
