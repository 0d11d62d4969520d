"""What every tracker does, and what none of them accepts."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from vaidya.errors import TrackingError

Scalar = str | int | float | bool | None
TableRow = Mapping[str, Scalar]

MAX_METRICS = 60  # more cannot be read on one screen; per-case results belong in a table
# Ids, codes, labels, version strings; a sentence has spaces and does not fit.
CODE = re.compile(r"^[\w.:=+%/@#,()\[\]<>-]{0,120}$")


class Span(NamedTuple):
    """One stage of a trace, seconds from the consultation's start."""

    stage: str
    start_s: float
    end_s: float


class Run(Protocol):
    """One run while it is open. A name logged twice is replaced; what is refused raises TrackingError."""

    run_id: str

    def params(self, values: Mapping[str, Scalar]) -> None:
        """What was asked for."""
        ...

    def metrics(self, values: Mapping[str, float | None]) -> None:
        """Numbers. One that is undefined (None) is not logged: it is named in the tag `undefined_metrics`."""
        ...

    def tags(self, values: Mapping[str, Scalar]) -> None:
        """What explains the run; None is left out."""
        ...

    def dataset(self, name: str, rows: Sequence[TableRow], *, source: str, digest: str) -> None:
        """What the run was made on: ids and attributes, never content."""
        ...

    def table(self, name: str, rows: Sequence[TableRow], *, public: bool = False) -> None:
        """A table. public: every row is about synthetic or published cases, so text is allowed."""
        ...

    def figure(self, name: str, figure: Any) -> None:
        """A matplotlib figure as a PNG."""
        ...

    def trace(self, name: str, spans: Sequence["Span"], attributes: TableRow) -> None:
        """One consultation as stages on a time line: ids, codes and numbers, never content."""
        ...

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """A file, copied; it must hold no patient data."""
        ...

    def nested(self, name: str) -> AbstractContextManager["Run"]:
        """A run below this one, for one arm; it fails when the block raises."""
        ...


class Tracker(Protocol):
    """Where runs are kept."""

    def run(self, name: str, *, experiment: str = "vaidya") -> AbstractContextManager[Run]:
        """A new run; it is FINISHED when the block ends and FAILED, with the error's code, when the block raises."""
        ...


def checked_metrics(values: Mapping[str, float | None], logged: set[str]) -> dict[str, float]:
    """The defined metrics.

    Raises:
        TrackingError: a value is NaN or infinite, or the run would hold more than `MAX_METRICS`.
    """
    defined = {name: float(value) for name, value in values.items() if value is not None}
    wrong = sorted(name for name, value in defined.items() if not math.isfinite(value))
    if wrong:
        raise TrackingError(f"metrics {', '.join(wrong)} are not finite numbers; log None where a metric is undefined")
    count = len(logged | defined.keys())
    if count > MAX_METRICS:
        raise TrackingError(f"{count} metrics are more than the {MAX_METRICS} of one run; log the rest as a table")
    return defined


def checked_table(name: str, rows: Sequence[TableRow], *, public: bool) -> list[dict[str, Scalar]]:
    """The rows of a table as plain dictionaries.

    Raises:
        TrackingError: a cell holds free text and the table is not public, or a number is not finite.
    """
    for row in rows:
        for column, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise TrackingError(f"table {name!r}, column {column!r}: a number is not finite; use None")
            if isinstance(value, str) and not public and not CODE.match(value):
                raise TrackingError(
                    f"table {name!r}, column {column!r} holds free text, which may be a patient's words; "
                    "log ids, codes and numbers, or state that every case is synthetic or published"
                )
    return [dict(row) for row in rows]


def failure_of(error: BaseException) -> str:
    """What a failed run says of its failure: the code of a known error, else the type; never its message."""
    return str(getattr(error, "code", type(error).__name__))
