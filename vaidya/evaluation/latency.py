"""What a consultation cost in time, from the records of an evaluation; `vaidya bench latency` is the instrument.

Percentiles are linear between order statistics (numpy's default); intervals are bootstrapped by consultation.
"""

from collections.abc import Callable, Sequence

import numpy as np

from vaidya.evaluation.interval import bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import Row
from vaidya.schema import TriageRecord

PERCENTILES = (50, 95)
STAGES = ("total", "transcript", "acoustic", "note", "preliminary", "model_tier")


def percentile(values: Sequence[float], q: float) -> float | None:
    """The q-th percentile; None without values.

    >>> percentile([1.0, 2.0, 3.0], 50)
    2.0
    """
    return float(np.percentile(values, q)) if values else None


def decode_tokens_per_s(record: TriageRecord) -> float | None:
    """Generated tokens per second of decoding, over all requests of a record; None when nothing was generated."""
    out, seconds = record.tokens.get("tokens_out"), record.tokens.get("decode_s")
    return out / seconds if out and seconds else None


def real_time_factor(record: TriageRecord) -> float | None:
    """Seconds of processing per second of sound; below 1 is faster than speech."""
    sound = record.recording.duration_s if record.recording else 0.0
    return record.timings["total"] / sound if sound and "total" in record.timings else None


def score_latency(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Percentiles of each stage, of tokens per second and of the real-time factor."""
    records = [outcome.record for outcome in outcomes if outcome.record is not None]
    readings: dict[str, Callable[[TriageRecord], float | None]] = {f"{stage}_s": _stage(stage) for stage in STAGES}
    readings |= {"decode_tokens_per_s": decode_tokens_per_s, "real_time_factor": real_time_factor}
    rows = []
    for name, read in readings.items():
        values = [value for value in map(read, records) if value is not None]
        rows += [_row(values, name, q, len(outcomes), dataset, arm, rng) for q in PERCENTILES if values]
    return rows


def _stage(stage: str) -> Callable[[TriageRecord], float | None]:
    return lambda record: record.timings.get(stage)


def _row(  # noqa: PLR0913, PLR0917 - the parts of a row
    values: list[float], name: str, q: int, n: int, dataset: str, arm: str, rng: np.random.Generator
) -> Row:
    low, high = bootstrap(values, lambda drawn: percentile(drawn, q), rng=rng)
    return Row(
        dataset=dataset,
        arm=arm,
        metric=f"{name}_p{q}",
        value=percentile(values, q),
        low=low,
        high=high,
        n_scored=len(values),
        n_unscored=n - len(values),
    )
