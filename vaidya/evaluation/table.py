"""Rows as a terminal table: every number with its interval and its n."""

from collections.abc import Iterable, Sequence

from rich.table import Table

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
    return f"{base} (+{row.n_unscored} unscored)" if row.n_unscored else base


def rows_table(rows: Iterable[Row], title: str, *, cohorts: bool = False) -> Table:
    """A table of rows; cohort rows only on request, since there are many."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in ("dataset", "arm", "metric"):
        table.add_column(heading)
    for heading in ("value", "95 % interval", "counts"):
        table.add_column(heading, justify="right")
    shown: Sequence[Row] = [row for row in rows if cohorts or row.cohort == ALL]
    for previous, row in zip([None, *shown], shown, strict=False):
        if previous is not None and (previous.dataset, previous.arm) != (row.dataset, row.arm):
            table.add_section()
        name = row.metric if row.cohort == ALL else f"{row.metric} [{row.cohort}]"
        table.add_row(row.dataset, row.arm, name, number(row.value), interval(row), counts(row))
    return table
