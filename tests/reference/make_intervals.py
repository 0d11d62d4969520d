"""Numbers from scipy and statsmodels for tests/evaluation/test_interval.py; run this file to make them again."""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import bootstrap, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

SAMPLE = [0.2, 1.7, 0.4, 3.1, 0.9, 0.1, 2.2, 0.6, 1.1, 5.0, 0.3, 0.8, 1.9, 0.5, 2.7, 0.2, 0.7, 1.3, 4.1, 0.4]

# Tango's interval as others print it: Fagerland, Lydersen and Laake 2014 (airway reactivity before and after a stem
# cell transplantation); R's PropCIs::scoreci.mp(25, 28, 618), (0, 7, 14) and (41, 48, 549).
PAIRED_PUBLISHED = [
    {"worse": 7, "better": 1, "n": 21, "level": 0.95, "interval": [0.026, 0.517], "within": 5e-4},
    {"worse": 28, "better": 25, "n": 618, "level": 0.90, "interval": [-0.0148, 0.0247], "within": 5e-5},
    {"worse": 7, "better": 0, "n": 14, "level": 0.95, "interval": [0.177034, 0.732008], "within": 1e-6},
    {"worse": 48, "better": 41, "n": 549, "level": 0.90, "interval": [-0.0157, 0.0414], "within": 5e-5},
]
PAIRED = [(1, 0, 62), (0, 1, 62), (1, 1, 62), (2, 1, 62), (3, 2, 14), (10, 3, 50), (0, 0, 62), (0, 10, 62)]


def score(delta: float, worse: int, better: int, n: int) -> float:
    """The score statistic of one difference, the share of better pairs searched for, not solved for."""

    def unlikely(q: float) -> float:
        shares = (q + delta, q, 1 - 2 * q - delta)
        counts = (worse, better, n - worse - better)
        return -sum(k * np.log(max(p, 1e-300)) for k, p in zip(counts, shares, strict=True) if k)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
    q = min((q, low, high), key=unlikely)
    return (worse - better - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))


def paired(worse: int, better: int, n: int, level: float) -> list[float]:
    """The differences that the score test does not refuse."""
    z, point = norm.ppf((1 + level) / 2), (worse - better) / n
    low = brentq(lambda d: score(d, worse, better, n) - z, -1 + 1e-9, point - 1e-9)
    return [low, brentq(lambda d: score(d, worse, better, n) + z, point + 1e-9, 1 - 1e-9)]


numbers = {
    "clopper_pearson": [
        {"errors": k, "total": n, "interval": proportion_confint(k, n, 0.05, method="beta")}
        for k, n in [(0, 45), (1, 45), (3, 59), (45, 45), (10, 299)]
    ],
    "bca_mean": {
        "sample": SAMPLE,
        "interval": list(
            bootstrap(
                (SAMPLE,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(5)
            ).confidence_interval
        ),
    },
    "mcnemar": [
        {"only_ours": b, "only_theirs": c, "p": float(mcnemar([[20, b], [c, 5]], exact=True).pvalue)}
        for b, c in [(8, 2), (1, 9), (5, 5), (12, 3)]
    ],
    "paired_score_published": PAIRED_PUBLISHED,
    "paired_score": [
        {"worse": b, "better": c, "n": n, "level": 0.90, "interval": paired(b, c, n, 0.90)} for b, c, n in PAIRED
    ],
}
Path(__file__).with_name("intervals.json").write_text(json.dumps(numbers, indent=1) + "\n")
