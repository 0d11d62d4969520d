"""One number of an evaluation, with everything that is needed to trust it."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract

PIPELINE_ARM = "vaidya"
BASELINE_PREFIX = "baseline:"
ALL = "all"
NO_CASES = "cases_run"


class Row(Contract):
    """One metric of one arm on one cohort of one dataset.

    value: None when undefined; `reason` then says why. low, high: 95 % interval, None when it cannot be had.
    errors, total: the rate's counts; None for metrics that are not rates. n_scored, n_unscored: cases counted and cases
    that could not be (a failed case is a row with a reason, not a zero and not a gap). cohort: `all` or "column=value".
    """

    dataset: str
    arm: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    errors: float | None = None
    total: float | None = None
    n_scored: Annotated[int, Field(ge=0)]
    n_unscored: Annotated[int, Field(ge=0)] = 0
    cohort: str = ALL
    reason: str | None = None


def no_cases(dataset: str, arm: str, reason: str) -> Row:
    """The one row of a dataset of which no case was run: no number, and why."""
    return Row(dataset=dataset, arm=arm, metric=NO_CASES, value=None, n_scored=0, reason=reason)


def counted(codes: Iterable[str]) -> str | None:
    """Why cases went unscored: each code with its count; None without one.

    >>> counted(["STAGE", "AUDIO_EMPTY", "STAGE"])
    'AUDIO_EMPTY: 1, STAGE: 2'
    """
    return ", ".join(f"{code}: {count}" for code, count in sorted(Counter(codes).items())) or None
