"""The instrument's rows as a table on the terminal."""

from collections.abc import Sequence

from rich.table import Table

from vaidya.bench.agree import Pair
from vaidya.bench.latency import Report
from vaidya.bench.rows import LatencyRow

_OVERLAP = {True: "[green]overlap[/]", False: "[red]lie apart[/]", None: ""}
_MARKS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}


def report_table(report: Report) -> Table:
    """One line a row; goals, and reasons where there is no number."""
    found = report.environment["hardware"]
    seconds = report.consultation["seconds"]
    heard = f"{seconds:.0f} s of speech" if seconds else "one request"
    title = f"{report.profile} · {', '.join(report.scenarios)} · {heard} · {found['cpu']}, {found['cores']} cores"
    table = Table(title=title, title_justify="left")
    for name in ("arm", "metric", "value", "95 % interval", "n", "unit", "goal", ""):
        figure = name in ("value", "95 % interval", "n")  # never cut: on a narrow terminal words fold instead
        table.add_column(name, justify="right" if figure else "left", no_wrap=figure, overflow="fold")
    for row in report.rows:
        table.add_row(*_cells(row))
    return table


def agreement_table(pairs: Sequence[Pair]) -> Table:
    """One line for each row that two runs share: both values, their ratio, whether the intervals overlap."""
    table = Table(title="two runs, row by row", title_justify="left")
    for name in ("arm", "metric", "first", "second", "second ÷ first", "intervals"):
        table.add_column(name, justify="left" if name in ("arm", "metric", "intervals") else "right")
    for pair in pairs:
        values = ("–" if row.value is None else number(row.value) for row in (pair.first, pair.second))
        ratio = "" if pair.ratio is None else number(pair.ratio)
        table.add_row(pair.first.arm, pair.first.metric, *values, ratio, _OVERLAP[pair.agrees])
    return table


def _cells(row: LatencyRow) -> Sequence[str]:
    metric = row.metric if row.state == "warm" else f"{row.metric} ({row.state})"
    if row.value is None:
        return row.arm, metric, "–", "", str(row.n), row.reason or "", row.goal or "", ""
    interval = "" if row.low is None or row.high is None else f"{number(row.low)} – {number(row.high)}"
    return row.arm, metric, number(row.value), interval, str(row.n), row.unit, row.goal or "", _MARKS[row.met]


def number(value: float) -> str:
    """Three significant digits, without exponents.

    >>> number(12.345), number(0.012345), number(1234.5)
    ('12.3', '0.0123', '1234')
    """
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{value:e}".partition("e")[2]))
    return f"{value:.{min(digits, 6)}f}"


def warnings(report: Report) -> list[str]:
    """What must be known before a number is quoted."""
    found = []
    if report.noisy:
        load = report.environment["load_before"][0]
        found.append(
            f"the machine had other work (load {load:g}): ratios hold, times do not; run again when it is quiet"
        )
    if report.valid is False:
        found.append("INVALID: the notes keep under 99 % of what their reference keeps, so the times do not count")
    if report.valid is None and "single" in report.scenarios:
        found.append("the notes could not be judged: no fact list with this recording, or no peer to compare with")
    return found
