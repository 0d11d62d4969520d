"""Whether a metric deserves trust: its rank correlation with human scores, and raters' agreement among themselves."""

import math
from collections.abc import Sequence

import numpy as np

from vaidya.errors import LengthMismatchError
from vaidya.evaluation.interval import Interval, bootstrap


def rank_correlation(
    human: Sequence[float], metric: Sequence[float], *, rng: np.random.Generator
) -> tuple[float | None, Interval]:
    """Spearman's rank correlation of a metric with human scores, and its BCa bootstrap interval over notes.

    In [-1, 1]; None with fewer than three notes or when either side is constant.

    Raises:
        LengthMismatchError: the sequences differ in length.
    """
    if len(human) != len(metric):
        raise LengthMismatchError(f"{len(human)} human scores and {len(metric)} metric values; one each is needed")
    pairs = list(zip(human, metric, strict=True))
    return _spearman(pairs), bootstrap(pairs, _spearman, rng=rng)


def _spearman(pairs: Sequence[tuple[float, float]]) -> float | None:
    from scipy.stats import rankdata

    if len(pairs) < 3:
        return None
    first, second = (rankdata(values) for values in zip(*pairs, strict=True))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]]) -> float | None:
    """Krippendorff's alpha for interval data: 1 is perfect agreement, 0 what chance gives.

    ratings: one sequence a rater (or repeat), one value a unit, None where missing. None when no unit has two values
    or when all values are the same. Definition: Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.

    >>> krippendorff_alpha([[1, 2, 3, None], [1, 2, 3, 4]])
    1.0
    """
    units = [[v for v in unit if v is not None] for unit in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = np.array([value for unit in units for value in unit], dtype=float)
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    observed = sum(_differences(np.array(unit, dtype=float)) / (len(unit) - 1) for unit in units) / len(values)
    expected = _differences(values) / (len(values) * (len(values) - 1))
    alpha = 1 - observed / expected
    return alpha if math.isfinite(alpha) else None


def _differences(values: np.ndarray) -> float:
    """The sum of squared differences over all ordered pairs."""
    return float(((values[:, None] - values[None, :]) ** 2).sum())
