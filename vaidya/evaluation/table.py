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
    """errors/total for rates, else the number of scored cases; unscored ones are never hidden."""
    base = f"{row.errors:g}/{row.total:g}" if row.total is not None and row.errors is not None else f"n={row.n_scored}"
    return f"{base}, {row.n_unscored} unscored" if row.n_unscored else base


def rows_table(rows: Iterable[Row], title: str, *, cohorts: bool = False) -> Group:
    """A table a dataset; cohort rows only on request, since there are many."""
    shown = [row for row in rows if cohorts or row.cohort == ALL]
    names = dict.fromkeys(row.dataset for row in shown)
    tables = [_table(name, [row for row in shown if row.dataset == name]) for name in names]
    return Group(Text(title, style="bold"), *tables)


def _table(dataset: str, rows: Sequence[Row]) -> Table:
    table = Table(title=dataset, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    table.add_column("metric", no_wrap=True)
    for heading in ("value", "95 % interval", "counts"):
        table.add_column(heading, justify="right")
    arm = None
    for row in rows:
        if arm not in (None, row.arm):
            table.add_section()
        name = row.metric if row.cohort == ALL else f"{row.metric} [{row.cohort}]"
        table.add_row("" if row.arm == arm else row.arm, name, number(row.value), interval(row), counts(row))
        arm = row.arm
    return table
