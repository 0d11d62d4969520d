"""Rows in batches of about equal cost: similar lengths side by side, so that little is padded."""

from collections.abc import Sequence

import numpy as np

from vaidya.training.examples import Encoded

_BUCKET = 8  # tokens; rows are reordered between epochs only within about this much


def batches(rows: Sequence[Encoded], token_budget: int, rng: np.random.Generator | None = None) -> list[list[Encoded]]:
    """Batches whose rows, padded, have at most `token_budget` tokens; a longer row stands alone.

    With `rng` the batches come in random order and their composition varies from epoch to epoch.
    """
    jitter = rng.uniform(-1, 1, len(rows)) if rng is not None else np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].read) // _BUCKET + jitter[i])
    made: list[list[Encoded]] = [[]]
    longest = 0
    for i in reversed(order):
        longest = max(longest, len(rows[i].read))
        if made[-1] and longest * (len(made[-1]) + 1) > token_budget:
            made.append([])
            longest = len(rows[i].read)
        made[-1].append(rows[i])
    found = [batch for batch in made if batch]
    if rng is not None:
        rng.shuffle(found)
    return found
