"""Figures for reports and notebooks: each takes rows or outcomes and returns a matplotlib Figure.

Colours are Okabe and Ito's palette (2008), told apart with any colour vision; shape and label repeat what colour says.
Widths are such that a phone of 390 px shows the words of a figure at about 10 px.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.table import counts, interval, number
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.schema import Tier

BLUE, ORANGE, GREEN, SKY, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#777777"
COLOURS, MARKERS = (BLUE, ORANGE, GREEN, VERMILION, SKY, GREY), "osD^vXP"  # six and seven: pairs repeat late
STAGE_COLOURS = {"audio": GREY, "transcript": BLUE, "acoustic": GREEN, "note": ORANGE, "triage": VERMILION}
PARTS = ((BLUE, "white"), (ORANGE, "black"), (GREY, "white"), (SKY, "black"), (VERMILION, "black"), (GREEN, "white"))
WIDTH_IN, DOTS_PER_IN = 4.6, 100
SMALL, NORMAL = 8.5, 9.5  # points
TIERS = (Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE)


def _axes(width: float, height: float, title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_IN, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL)
    # Over the whole figure, not over the axes: a long title would be cut at the axes' right end.
    figure.suptitle(title, x=0.02, ha="left", fontsize=NORMAL, fontweight="bold", wrap=True)
    return figure, axes


def forest(rows: Sequence[Row], metric: str, title: str) -> Any:
    """One metric of every arm and dataset: a point with its interval, and in words the value, interval and counts."""
    shown = [row for row in rows if row.metric == metric and row.cohort == ALL and row.value is not None]
    return _intervals([(row.dataset, row.arm.replace(":", ": ").replace("_", " "), row) for row in shown], title)


def by_cohort(rows: Sequence[Row], metric: str, column: str, title: str) -> Any:
    """One metric of the pipeline by a cohort column, drawn as `forest` draws it."""
    prefix = f"{column}="
    mine = [r for r in rows if r.arm == PIPELINE_ARM and r.metric == metric and r.cohort.startswith(prefix)]
    found = [(row.dataset, row.cohort.removeprefix(prefix), row) for row in mine if row.value is not None]
    return _intervals(sorted(found, key=lambda entry: entry[0]), title)


def _intervals(entries: Sequence[tuple[str, str, Row]], title: str) -> Any:
    """entries: (heading, label, row). A line of words over each point: labels beside it leave no room on a phone."""
    lines = list(_with_headings(entries))
    figure, axes = _axes(WIDTH_IN, 0.75 + 0.4 * max(len(lines), 1), title)
    for place, (label, row) in enumerate(lines):
        words = {"fontsize": SMALL, "transform": axes.get_yaxis_transform(), "va": "bottom"}
        if row is None:
            axes.text(0, place + 0.1, label, style="italic", **words)
            continue
        _point(axes, place, row)
        axes.text(0, place - 0.15, label, fontweight="bold" if row.arm == PIPELINE_ARM else "normal", **words)
        reach = f" ({interval(row)})" if row.low is not None else ""
        axes.text(1, place - 0.15, f"{number(row.value)}{reach}, {counts(row)}{_cases(row)}", ha="right", **words)
    highest = max([0.0, *((row.value if row.high is None else row.high) or 0.0 for _, row in lines if row)])
    axes.set_xlim(0, 1 if 0.7 < highest <= 1 else highest * 1.05 or 1)
    axes.set_ylim(len(lines) - 0.4, -0.75)
    axes.set_yticks([])
    axes.spines["left"].set_color("#cccccc")
    axes.grid(axis="x", alpha=0.3)
    return figure


def _with_headings(entries: Sequence[tuple[str, str, Row]]) -> Iterable[tuple[str, Row | None]]:
    """(label, row), and before the first of each heading (heading, None), unless there is one heading only."""
    several = len({heading for heading, _, _ in entries}) > 1
    last = None
    for heading, label, row in entries:
        if several and heading != last:
            yield heading, None
        last = heading
        yield label, row


def _cases(row: Row) -> str:
    """How many cases stand behind counts of something else, such as words."""
    return f", n={row.n_scored}" if row.total is not None and row.total > row.n_scored else ""


def _point(axes: Any, place: float, row: Row) -> None:
    ours = row.arm == PIPELINE_ARM
    colour = BLUE if ours else GREY
    value = row.value or 0.0
    low, high = (value if end is None else end for end in (row.low, row.high))
    axes.plot([low, high], [place + 0.1] * 2, color=colour, lw=2.5 if ours else 1.5, solid_capstyle="butt")
    # A mark at 0 stands half outside the axes; it must not be cut, since 0 is often the point of the picture.
    axes.plot(value, place + 0.1, "o" if ours else "s", color=colour, ms=7 if ours else 5, clip_on=False, zorder=3)


def confusion(outcomes: Sequence[Outcome], title: str) -> Any:
    """Counts of reference tier against decided tier, of the cases that accept one tier only.

    Right of the diagonal is under-triage. The title says how many cases accept several tiers and cannot stand in it.
    """
    accepted = [(acceptable_tiers(o.case), o.record.decision.tier) for o in outcomes if o.record is not None]
    table = np.zeros((len(TIERS), len(TIERS)), dtype=int)
    for tiers, decided in accepted:
        if len(tiers) == 1:
            table[TIERS.index(tiers[0]), TIERS.index(decided)] += 1
    several = sum(len(tiers) > 1 for tiers, _ in accepted)
    left_out = f"; {several} more accept several tiers" if several else ""
    figure, axes = _axes(WIDTH_IN, 4.1, f"{title} (n={table.sum()}{left_out})")
    axes.imshow(table, cmap="Blues", vmin=0, vmax=max(1, table.max()))
    for i, j in np.ndindex(*table.shape):
        colour = "white" if table[i, j] > 0.65 * table.max() else "black"
        weight = "bold" if i == j else "normal"
        axes.text(j, i, str(table[i, j]), ha="center", va="center", color=colour, fontweight=weight)
    _stairs(axes)
    names = [tier.value.replace("_", "-").lower() for tier in TIERS]
    axes.set_xticks(range(len(TIERS)), names)
    axes.set_yticks(range(len(TIERS)), [f"{name}\nn={n}" for name, n in zip(names, table.sum(axis=1), strict=True)])
    axes.set_xlabel("decided; right of the line is under-triage", fontsize=NORMAL)
    axes.set_ylabel("reference", fontsize=NORMAL)
    return figure


def _stairs(axes: Any) -> None:
    """A line between what was decided as it should, or too high, and what was decided too low."""
    corners = [(i + 0.5, j) for i in range(len(TIERS) - 1) for j in (i - 0.5, i + 0.5)]
    axes.plot(*zip(*corners, (len(TIERS) - 0.5, len(TIERS) - 1.5), strict=True), color=VERMILION, lw=2)


def stage_times(outcomes: Sequence[Outcome], title: str) -> Any:
    """Where the time went: one bar a case, stages stacked; cases that came as text, then those with sound.

    Words and sounds are heard side by side, so a stack may stand higher than the time end to end.
    """
    records = [outcome.record for outcome in outcomes if outcome.record is not None]
    records.sort(key=lambda record: (record.recording is not None, record.timings.get("total", 0.0)))
    texts = sum(record.recording is None for record in records)
    figure, axes = _axes(WIDTH_IN, 3.4, f"{title} (n={len(records)})")
    bottom = np.zeros(len(records))
    for stage, colour in STAGE_COLOURS.items():
        values = np.array([record.timings.get(stage, 0.0) for record in records])
        axes.bar(range(len(records)), values, bottom=bottom, color=colour, label=stage, width=1.0)
        bottom += values
    total = [record.timings.get("total", 0.0) for record in records]
    axes.stairs(total, np.arange(len(total) + 1) - 0.5, color="black", lw=1, label="end to end", baseline=None)
    parts = [f"{n} {what}" for n, what in ((texts, "as text"), (len(records) - texts, "with sound")) if n]
    if len(parts) > 1:
        axes.axvline(texts - 0.5, ymax=0.75, color=GREY, ls=":", lw=1.5)
    axes.set_xticks([])
    axes.set_xlabel(f"{', then '.join(parts)}; each fastest first", fontsize=NORMAL)
    axes.set_ylabel("seconds", fontsize=NORMAL)
    axes.set_ylim(0, max([1.0, *bottom, *total]) * 1.3)  # room for the legend
    axes.legend(fontsize=SMALL, frameon=False, ncols=3, loc="upper left", columnspacing=1, handlelength=1.2)
    return figure


def stacked(parts: Mapping[str, Mapping[str, float]], title: str) -> Any:
    """One bar a name, its parts side by side with their numbers in them; parts that are 0 throughout are left out."""
    kinds = [
        k for k in dict.fromkeys(k for of in parts.values() for k in of) if any(of.get(k) for of in parts.values())
    ]
    figure, axes = _axes(WIDTH_IN, 1.2 + 0.5 * len(parts), title)
    for place, (name, of) in enumerate(parts.items()):
        left = 0.0
        axes.text(0, place - 0.3, name, fontsize=SMALL, va="bottom")
        for kind, (colour, ink) in zip(kinds, PARTS, strict=False):
            axes.barh(place, of.get(kind, 0), left=left, height=0.5, color=colour, label=None if place else kind)
            if of.get(kind):
                text = f"{of[kind]:g}"
                axes.text(left + of[kind] / 2, place, text, ha="center", va="center", color=ink, fontsize=SMALL)
            left += of.get(kind, 0)
    axes.set_ylim(len(parts) - 0.6, -0.75)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_yticks([])
    figure.legend(loc="outside lower left", fontsize=SMALL, frameon=False, ncols=len(kinds), columnspacing=1)
    return figure


def risk_coverage(curves: Mapping[str, Sequence[tuple[float, float]]], title: str) -> Any:
    """Error among the cases that are not sent to a person, against the share of them. curves: (coverage, risk)."""
    figure, axes = _axes(WIDTH_IN, 3.6, title)
    for (name, points), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=False):
        style = {"color": colour, "marker": marker, "ms": 6, "drawstyle": "steps-post", "clip_on": False}
        axes.plot(*zip(*points, strict=True), label=name, zorder=3, **style)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max([0.05, *(1.15 * risk for points in curves.values() for _, risk in points)]))
    axes.set_xlabel("share decided without asking a person", fontsize=NORMAL)
    axes.set_ylabel("under-triage among them", fontsize=NORMAL)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=SMALL, frameon=False, loc="upper left")
    return figure


def front(points: Sequence[tuple[str, float, float, float]], axes_names: tuple[str, str], title: str) -> Any:
    """Quality against latency, area by cost. points: (label, seconds, quality, cost per consultation)."""
    figure, axes = _axes(WIDTH_IN + 1, 3.8, title)
    largest = max((cost for *_, cost in points), default=0.0)
    for (label, seconds, quality, cost), colour, marker in zip(points, cycle(COLOURS), cycle(MARKERS), strict=False):
        area = 40 + (260 * cost / largest if largest else 0)
        style = {"marker": marker, "color": colour, "edgecolor": "black", "zorder": 3, "clip_on": False}
        axes.scatter(seconds, quality, s=area, label=label, **style)
    # Below the axes: two versions that are alike would write their names over each other.
    figure.legend(loc="outside lower left", fontsize=SMALL, frameon=False, ncols=2)
    # From 0: an axis that is cut makes much of little.
    axes.set_xlim(0, 1.25 * max((seconds for _, seconds, _, _ in points), default=1.0))
    axes.set_ylim(0, 1.25 * max([0.04, *(quality for _, _, quality, _ in points)]))
    axes.set_xlabel(axes_names[0], fontsize=NORMAL)
    axes.set_ylabel(axes_names[1], fontsize=NORMAL)
    axes.grid(alpha=0.3)
    return figure
