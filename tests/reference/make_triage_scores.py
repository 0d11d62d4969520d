"""Numbers from scikit-learn for tests/evaluation/test_triage.py; run this file to make them again."""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score, confusion_matrix, recall_score

rng = np.random.default_rng(11)
cases = []
for n in (20, 60, 200):
    reference = rng.integers(4, size=n)
    decided = np.clip(reference + rng.integers(-1, 2, size=n), 0, 3)
    cases.append(
        {
            "reference": reference.tolist(),
            "decided": decided.tolist(),
            "kappa": float(cohen_kappa_score(reference, decided, weights="quadratic")),
            "emergency_recall": float(recall_score(reference == 3, decided == 3)),
            "confusion": confusion_matrix(reference, decided, labels=[0, 1, 2, 3]).tolist(),
        }
    )
Path(__file__).with_name("triage_scores.json").write_text(json.dumps(cases) + "\n")
