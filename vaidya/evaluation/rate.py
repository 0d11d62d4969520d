"""Counts that stay counts until the last moment."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion (or errors per unit) that keeps its counts; `value` is None when nothing was counted.

    >>> (Rate(1, 4) + Rate(2, 4)).value, Rate(0, 0).value
    (0.375, None)
    """

    errors: float
    total: float

    @property
    def value(self) -> float | None:
        """Errors / total; undefined without a denominator."""
        return self.errors / self.total if self.total else None

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.errors + other.errors, self.total + other.total)


def pooled(rates: Iterable[Rate]) -> Rate:
    """The sum of the counts: each unit of the denominator weighs the same, not each case."""
    return sum(rates, Rate(0, 0))
