"""Whether the language model's tier is right as often as its probability says: the calibration of its own tier.

The confidence is the probability of the tier that the model gave (`TriageRecord.model_tier_probabilities`); it is right
when the reference accepts that tier. Definition and limits: eval/cards/expected_calibration_error.md.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from vaidya.evaluation.acoustic import expected_calibration_error
from vaidya.evaluation.interval import bootstrap
from vaidya.evaluation.rows import Row
from vaidya.schema import Source, Tier, TriageRecord

NO_PROBABILITY = "NO_PROBABILITY"  # no engine told how probable the tiers were, or no model gave one


def calibration_row(
    judged: Sequence[tuple[Sequence[Tier], TriageRecord | None]], *, dataset: str, arm: str, rng: np.random.Generator
) -> Row:
    """The expected calibration error of the model's tier, over the encounters whose record tells its probability.

    judged: the acceptable tiers of each encounter, and its record. One without a probability is unscored; the value is
    None when none has one.
    """
    pairs = list(_confidences(judged))
    low, high = bootstrap(pairs, _error, rng=rng, draws=1_000)
    return Row(
        dataset=dataset,
        arm=arm,
        metric="expected_calibration_error",
        value=_error(pairs),
        low=low,
        high=high,
        n_scored=len(pairs),
        n_unscored=len(judged) - len(pairs),
        reason=None if len(pairs) == len(judged) else NO_PROBABILITY,
    )


def _confidences(judged: Iterable[tuple[Sequence[Tier], TriageRecord | None]]) -> Iterator[tuple[bool, float]]:
    """Whether the model's tier is acceptable, and its probability."""
    for acceptable, record in judged:
        tier = record.decision.floors.get(Source.MODEL.value) if record else None
        if record and tier in record.model_tier_probabilities:
            yield tier in acceptable, record.model_tier_probabilities[tier]


def _error(pairs: Sequence[tuple[bool, float]]) -> float | None:
    return expected_calibration_error([right for right, _ in pairs], [said for _, said in pairs])
