"""Rows as a terminal table: every number with its interval and its n."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from vaidya.evaluation.rows import ALL, Row


def number(value: float | None) -> str:
    """Three significant places, or a dash for what is undefined.

    >>> number(0.12345), number(12.3), number(None)
    ('0.123', '12.3', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


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
    """A line an arm, then its metrics: narrow enough for 80 columns."""
    table = Table(title=dataset, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm and metric", no_wrap=True)
    for heading in ("value", "95 % interval", "counts", "unscored"):
        table.add_column(heading, justify="right", no_wrap=True)
    arm = None
    for row in rows:
        if row.arm != arm:
            table.add_row(Text(row.arm, style="bold"))
        name = row.metric if row.cohort == ALL else f"{row.metric} [{row.cohort}]"
        table.add_row(f"  {name}", number(row.value), interval(row), counts(row), str(row.n_unscored or ""))
        arm = row.arm
    return table
