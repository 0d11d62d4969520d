"""Rows as a terminal table: every number with its interval and its n."""

import math
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vaidya.evaluation.rows import ALL, Row

SMALL = -2  # power of ten from which on three decimals are enough


def number(value: float | None) -> str:
    """Three significant digits down to a hundredth, two below it (never a power of ten); a dash for what is undefined.

    >>> [number(x) for x in (0.12345, 12.34, 0.05776, 0.00029, 0.0, None)]
    ['0.123', '12.3', '0.058', '0.00029', '0', '–']
    """
    if value is None:
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    digits = 2 if size >= SMALL else 1
    return f"{value:.{max(0, min(3, digits - size) if size >= SMALL else digits - size)}f}"


def interval(row: Row) -> str:
    """The 95 % interval, or a dash."""
    return "–" if row.low is None or row.high is None else f"{number(row.low)} to {number(row.high)}"


def counts(row: Row) -> str:
    """errors/total for rates, else the number of scored cases."""
    return f"{row.errors:g}/{row.total:g}" if row.total is not None and row.errors is not None else f"n={row.n_scored}"


def rows_table(rows: Iterable[Row], title: str, *, cohorts: bool = False) -> Group:
    """A table a dataset; cohort rows only on request, since there are many."""
    shown = [row for row in rows if cohorts or row.cohort == ALL]
    names = dict.fromkeys(row.dataset for row in shown)
    tables = [_table(name, [row for row in shown if row.dataset == name]) for name in names]
    return Group(Text(title, style="bold"), *tables)


def _table(dataset: str, rows: Sequence[Row]) -> Table:
    """A line an arm, then its metrics: narrow enough for 80 columns. A long name is folded, a number never cut."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.title, table.title_justify = dataset, "left"
    table.add_column("arm and metric", overflow="fold")
    for heading in ("value", "95 % interval", "counts", "unscored"):
        table.add_column(heading, justify="right", no_wrap=True)
    arm = None
    for row in rows:
        if row.arm != arm:
            table.add_row(Text(row.arm, style="bold"))
        name = row.metric if row.cohort == ALL else f"{row.metric} [{row.cohort}]"
        # Text, not str: rich would take a cohort in brackets for a style and swallow it.
        table.add_row(Text(f" {name}"), number(row.value), interval(row), counts(row), str(row.n_unscored or ""))
        arm = row.arm
    return table
