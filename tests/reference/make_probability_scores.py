"""Numbers from scikit-learn for tests/evaluation/test_stored_scores.py; run this file to make them again.

scikit-learn has no calibration error, risk against coverage or cost of tiers: they are put together from its
`calibration_curve`, `accuracy_score` with weights that admit cases, and `confusion_matrix`.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

LABELS = ["breath", "cough", "other", "sneeze"]
UNDER_COST, OVER_COST = 4, 1  # eval/cards/triage_cost.md

rng = np.random.default_rng(23)


def sounds(n: int) -> dict:
    truth = rng.random(n) < 0.4
    # Halves of a hundredth: tied often, and never on the edge of a bin, where conventions differ.
    scores = np.floor(100 * (0.3 * truth + 0.7 * rng.random(n))) / 100 + 0.005
    named, guess = rng.choice(LABELS, n), rng.choice(LABELS, n)
    seen, said = calibration_curve(truth, scores, n_bins=10, strategy="uniform")
    filled = np.histogram(scores, bins=np.linspace(0, 1, 11))[0]
    return {
        "positive": truth.tolist(),
        "scores": scores.tolist(),
        "auroc": float(roc_auc_score(truth, scores)),
        "calibration_error": float(np.average(np.abs(seen - said), weights=filled[filled > 0])),
        "labels": named.tolist(),
        "decided": guess.tolist(),
        "f1": dict(zip(LABELS, f1_score(named, guess, average=None, labels=LABELS, zero_division=0), strict=True)),
        "macro_f1": float(f1_score(named, guess, average="macro", labels=LABELS, zero_division=0)),
    }


def tiers(n: int) -> dict:
    reference, decided = rng.integers(4, size=n), rng.integers(4, size=n)
    doubt = rng.integers(4, size=n)
    counts = confusion_matrix(reference, decided, labels=range(4))
    each = [[UNDER_COST * max(r - d, 0) + OVER_COST * max(d - r, 0) for d in range(4)] for r in range(4)]
    wrong = decided < reference
    return {
        "reference": reference.tolist(),
        "decided": decided.tolist(),
        "doubt": doubt.tolist(),
        "cost": float((counts * np.array(each)).sum() / n),
        "risk_coverage": [
            [float((doubt <= level).mean()), 1 - accuracy_score(wrong, np.zeros(n), sample_weight=doubt <= level)]
            for level in np.unique(doubt)
        ],
    }


found = {"sounds": [sounds(n) for n in (12, 60, 200)], "tiers": [tiers(n) for n in (10, 80)]}
Path(__file__).with_name("probability_scores.json").write_text(json.dumps(found) + "\n")
