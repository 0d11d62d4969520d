"""Whether two runs of the instrument agree: a figure that one run gives has to lie where the other says it lies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaidya.bench.rows import LatencyRow
from vaidya.errors import DataError

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same row of two runs."""

    first: LatencyRow
    second: LatencyRow

    @property
    def agrees(self) -> bool | None:
        """Whether the two intervals have a value in common; None where a run gives no interval."""
        ends = (self.first.low, self.first.high, self.second.low, self.second.high)
        if any(end is None for end in ends):
            return None
        low, high, other_low, other_high = (float(end) for end in ends if end is not None)
        return low <= other_high and other_low <= high

    @property
    def ratio(self) -> float | None:
        """The second value over the first; None where there is none."""
        if self.first.value is None or self.second.value is None or not self.first.value:
            return None
        return self.second.value / self.first.value


def read_report(path: Path) -> dict[str, Any]:
    """A report that `vaidya bench latency --json` printed.

    Raises:
        DataError: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not a report of `vaidya bench latency --json`") from error


def pairs(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Pair]:
    """The rows that two reports (as `vaidya bench latency --json` prints them) have in common, in the first's order."""
    others = {_key(row): row for row in _rows(second)}
    return [Pair(row, others[_key(row)]) for row in _rows(first) if _key(row) in others]


def disagreeing(found: Sequence[Pair]) -> list[Pair]:
    """The pairs whose intervals lie apart."""
    return [pair for pair in found if pair.agrees is False]


def _rows(report: Mapping[str, Any]) -> list[LatencyRow]:
    return [LatencyRow.model_validate(row) for row in report["rows"]]


def _key(row: LatencyRow) -> Key:
    return row.metric, row.arm, row.scenario, row.state
