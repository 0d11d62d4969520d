"""Numbers from scipy and statsmodels for tests/evaluation/test_interval.py; run this file to make them again."""

import json
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

SAMPLE = [0.2, 1.7, 0.4, 3.1, 0.9, 0.1, 2.2, 0.6, 1.1, 5.0, 0.3, 0.8, 1.9, 0.5, 2.7, 0.2, 0.7, 1.3, 4.1, 0.4]

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
}
Path(__file__).with_name("intervals.json").write_text(json.dumps(numbers, indent=1) + "\n")
