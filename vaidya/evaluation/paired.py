"""The difference of two versions on the same cases, with its one-sided 95 % bound.

Tango, Statistics in Medicine 1998;17:891: the score interval of a difference of two proportions on the same cases,
which holds its level where few pairs differ; a bootstrap of them does not.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from vaidya.evaluation.interval import LEVEL, Interval, bootstrap, exact
from vaidya.evaluation.rate import Rate, pooled

ONE_SIDED = 0.90  # two-sided level whose upper end is the one-sided 95 % bound
FEW = 10  # differing pairs; below, a bootstrap sees too few of them to say what else may differ
JUST_ABOVE = 1e-9

Pair = tuple[Rate, Rate]


def difference(pairs: Sequence[Pair]) -> float | None:
    """First minus second of the pooled rates; None where either is undefined."""
    first, second = (pooled(pair[i] for pair in pairs).value for i in (0, 1))
    return None if first is None or second is None else first - second


def upper_bound(pairs: Sequence[Pair], rng: np.random.Generator) -> float | None:
    """One-sided 95 % bound of the difference; None without pairs.

    One or none a case: Tango's; where no pair differs, the exact bound of the share of pairs that may still. Pooled
    counts: BCa, pairs resampled whole; while fewer than `FEW` pairs differ, not below that exact bound away.
    """
    point = difference(pairs)
    if point is None:
        return None
    differing = [(a, b) for a, b in pairs if a.value != b.value]
    unseen = exact(Rate(0, len(pairs)), level=ONE_SIDED)[1] or 0.0
    if differing and all(a.total == b.total == 1 and {a.errors, b.errors} <= {0, 1} for a, b in pairs):
        worse = sum(a.errors > b.errors for a, b in differing)
        return paired_score(worse, len(differing) - worse, len(pairs), level=ONE_SIDED)[1]
    drawn = bootstrap(pairs, difference, rng=rng, level=ONE_SIDED)[1] if differing else None
    floor = point + unseen if len(differing) < FEW else point
    return max(floor, drawn if drawn is not None else floor)


def paired_score(worse: int, better: int, n: int, level: float = LEVEL) -> Interval:
    """Tango's interval of (worse - better) / n, where `n` counts all pairs; undefined without pairs.

    >>> [round(x or 0, 3) for x in paired_score(7, 1, 21)]
    [0.026, 0.517]
    """
    if not n:
        return None, None
    return -_upper(better, worse, n, level), _upper(worse, better, n, level)


def _upper(b: int, c: int, n: int, level: float) -> float:
    from scipy.optimize import brentq
    from scipy.stats import norm

    z = float(norm.ppf((1 + level) / 2))
    low = (b - c) / n + JUST_ABOVE
    return 1.0 if low >= 1 else float(brentq(lambda d: _excess(d, b, c, n, z), low, 1.0))


def _excess(delta: float, b: int, c: int, n: int, z: float) -> float:
    """Squared score statistic less z squared, without the division: negative inside the interval.

    q is the likeliest share of pairs in which the second alone errs, given the difference.
    """
    half = -b - c + (2 * n - b + c) * delta
    # Never below 0 but for rounding, which is met where all pairs differ one way.
    root = sqrt(max(half**2 + 8 * n * c * delta * (1 - delta), 0.0))
    q = (root - half) / (4 * n)
    return (b - c - n * delta) ** 2 - z**2 * n * (2 * q + delta * (1 - delta))
