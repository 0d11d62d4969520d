"""95 % intervals: exact for proportions, BCa bootstrap by patient for the rest.

Clopper and Pearson, Biometrika 1934; Efron, JASA 1987. Both as scipy computes them.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from vaidya.evaluation.rate import Rate

LEVEL = 0.95
DRAWS = 2_000
Interval = tuple[float | None, float | None]
UNDEFINED: Interval = (None, None)
T = TypeVar("T")


def exact(rate: Rate, level: float = LEVEL) -> Interval:
    """Clopper-Pearson interval of a proportion of independent cases; undefined without cases.

    >>> low, high = exact(Rate(0, 45))
    >>> low, round(high, 3)
    (0.0, 0.079)
    """
    from scipy.stats import binomtest

    if not rate.total:
        return UNDEFINED
    found = binomtest(int(rate.errors), int(rate.total)).proportion_ci(confidence_level=level, method="exact")
    return float(found.low), float(found.high)


def repeated(values: Sequence[float], q: float = 50) -> Interval:
    """Interval of a percentile of repeated measurements, few as they may be; undefined where they say nothing of it.

    From six on for a median, from 59 on for a 95th percentile: between order statistics, whatever the distribution
    (Conover, Practical Nonparametric Statistics, 1999; as scipy computes it). Fewer than six, for the median alone:
    Student's t of their logarithms, for times that scatter log-normally. Smallest and largest of three would hold the
    median in three cases of four, not in nineteen of twenty.

    >>> low, high = repeated([9.0, 10.0, 11.0])
    >>> round(low, 1), round(high, 1)
    (7.8, 12.8)
    """
    from scipy.stats import quantile_test, t

    found = np.asarray(values, dtype=float)
    if len(found) < 2 or not 0 < q < 100:
        return UNDEFINED
    bound = quantile_test(found, p=q / 100).confidence_interval(confidence_level=LEVEL)
    if np.isfinite(bound.low) and np.isfinite(bound.high):
        return float(bound.low), float(bound.high)
    if q != 50 or len(found) > 5:
        return UNDEFINED
    if np.ptp(found) == 0:
        return float(found[0]), float(found[0])
    scale = np.log(found) if (found > 0).all() else found
    half = t.ppf((1 + LEVEL) / 2, len(found) - 1) * scale.std(ddof=1) / np.sqrt(len(found))
    ends = np.array([scale.mean() - half, scale.mean() + half])
    low, high = np.exp(ends) if (found > 0).all() else ends
    return float(low), float(high)


def pooled_bootstrap(
    rates: Sequence[Rate], *, rng: np.random.Generator, draws: int = DRAWS, per_time: bool = False, most: float = 1.0
) -> Interval:
    """BCa interval of sum(errors) / sum(total), resampling whole patients, so that long ones do not vote twice.

    Where all patients are alike a bootstrap would claim certainty. If none has an error, or each the most, the bound is
    exact over patients, each counted once however long; alike in between, nothing can be said and it is undefined.
    per_time: errors in a time (words a minute); then Poisson's. most: what one unit of the denominator can cost.
    """
    counts = np.array([(r.errors, r.total) for r in rates if r.total], dtype=float)
    if len(counts) < 2:
        return UNDEFINED
    each = counts[:, 0] / counts[:, 1]
    if np.ptp(each) > 0:
        return _bca(len(counts), lambda index: _ratio(counts[index]), rng=rng, draws=draws)
    if each[0] == 0 and per_time:
        return 0.0, float(-np.log((1 - LEVEL) / 2) / counts[:, 1].sum())
    if each[0] == 0 or (each[0] == most and not per_time):
        low, high = exact(Rate(len(counts) if each[0] else 0, len(counts)))
        return (None, None) if low is None or high is None else (most * low, most * high)
    return UNDEFINED


def bootstrap(
    cases: Sequence[T],
    statistic: Callable[[Sequence[T]], float | None],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Interval:
    """BCa interval of any statistic of a list of patients; an undefined draw is left out.

    A statistic that no draw changes (a constant answer's AUROC) is its own interval; rates go to `pooled_bootstrap`.
    """
    if len(cases) < 2:
        return UNDEFINED

    def on_index(index: np.ndarray) -> float:
        value = statistic([cases[int(i)] for i in index])
        return float("nan") if value is None else value

    return _bca(len(cases), on_index, rng=rng, draws=draws, level=level)


def _ratio(counts: np.ndarray) -> float:
    errors, total = counts.sum(axis=0)
    return errors / total if total else float("nan")


def _bca(
    n: int,
    statistic: Callable[[np.ndarray], float],
    *,
    rng: np.random.Generator,
    draws: int,
    level: float = LEVEL,
) -> Interval:
    point = statistic(np.arange(n))
    values = np.array([statistic(rng.integers(n, size=n)) for _ in range(draws)])
    values = values[np.isfinite(values)]
    if not np.isfinite(point) or not len(values):
        return UNDEFINED
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    everyone = np.arange(n)
    jackknife = np.array([statistic(np.delete(everyone, i)) for i in range(n)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = _bca_percentiles(point, values, jackknife[np.isfinite(jackknife)], level)
    return float(np.quantile(values, low)), float(np.quantile(values, high))


def _bca_percentiles(point: float, values: np.ndarray, jackknife: np.ndarray, level: float) -> tuple[float, float]:
    from scipy.stats import norm

    # Ties count half, as in scipy: a discrete statistic would otherwise look biased.
    share = ((values < point).mean() + (values <= point).mean()) / 2
    tail = (1 - level) / 2
    bias = norm.ppf(np.clip(share, 1 / (2 * len(values)), 1 - 1 / (2 * len(values))))
    centred = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = 6 * (centred**2).sum() ** 1.5
    acceleration = (centred**3).sum() / spread if spread else 0.0
    shifted = [bias + z for z in (norm.ppf(tail), norm.ppf(1 - tail))]
    low, high = (norm.cdf(bias + s / (1 - acceleration * s)) for s in shifted)
    return float(low), float(high)
