"""Word overlap with a reference note: ROUGE-1, ROUGE-2, ROUGE-Lsum, as the `rouge-score` package computes them.

F1 with Porter stemming (Lin 2004). Secondary: overlap with one doctor's wording says little about safety.
"""

import re
from functools import lru_cache
from typing import Any

ROUGE = ("rouge1", "rouge2", "rougeLsum")


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(ROUGE), use_stemmer=True)


def rouge(reference: str, text: str) -> dict[str, float]:
    """ROUGE F1 of a text against a reference, each in [0, 1]; sentences are split at line ends and full stops.

    >>> rouge("chest pain for two days", "chest pain since two days")["rouge1"]
    0.8
    """
    scores = _scorer().score(_by_line(reference), _by_line(text))
    return {name: round(scores[name].fmeasure, 12) for name in ROUGE}


def _by_line(text: str) -> str:
    # rougeLsum takes a sentence a line.
    return re.sub(r"(?<=[.!?])\s+", "\n", text)
