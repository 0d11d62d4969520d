"""Rows in batches of about equal cost: similar lengths side by side, so that little is padded."""

from collections.abc import Sequence

import numpy as np

from vaidya.training.examples import Encoded

_BUCKET = 8  # tokens; rows are reordered between epochs only within about this much


def batches(rows: Sequence[Encoded], token_budget: int, rng: np.random.Generator | None = None) -> list[list[Encoded]]:
    """Batches whose padded adapted part has at most `token_budget` tokens; a longer row stands alone.

    With `rng` the batches come in random order and their composition varies from epoch to epoch.
    """
    jitter = rng.uniform(-1, 1, len(rows)) if rng is not None else np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i].adapted) // _BUCKET + jitter[i], len(rows[i].prompt)))
    made: list[list[Encoded]] = [[]]
    longest = 0
    for i in reversed(order):
        longest = max(longest, len(rows[i].adapted))
        if made[-1] and longest * (len(made[-1]) + 1) > token_budget:
            made.append([])
            longest = len(rows[i].adapted)
        made[-1].append(rows[i])
    found = [batch for batch in made if batch]
    if rng is not None:
        rng.shuffle(found)
    return found


def lanes(rows: Sequence[Encoded], count: int) -> list[list[Encoded]]:
    """Rows dealt out to `count` lanes of equal lengths; one batch of each lane makes an optimiser step.

    >>> [len(lane) for lane in lanes([Encoded(str(n), (), (1,) * n, (2,)) for n in range(5)], 2)]
    [3, 2]
    """
    ordered = sorted(rows, key=lambda row: (len(row.adapted), row.id))
    return [ordered[lane::count] for lane in range(count)]
