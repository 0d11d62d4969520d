"""Figures for reports and notebooks: each takes rows or outcomes and returns a matplotlib Figure.

Colours are Okabe and Ito's palette (2008), told apart with any colour vision; shape and label repeat what colour says.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.schema import Tier

BLUE, ORANGE, GREEN, SKY, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#777777"
STAGE_COLOURS = {"audio": GREY, "transcript": BLUE, "acoustic": GREEN, "note": ORANGE, "triage": VERMILION}
TIERS = (Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE)


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def forest(rows: Sequence[Row], metric: str, title: str) -> Any:
    """One metric of every arm and dataset as a point with its interval, and the counts beside it."""
    shown = [row for row in rows if row.metric == metric and row.cohort == ALL and row.value is not None]
    figure, axes = _axes(7.5, 1.0 + 0.32 * max(len(shown), 1))
    for place, row in enumerate(reversed(shown)):
        ours = row.arm == PIPELINE_ARM
        value = row.value or 0.0
        low, high = (value if end is None else end for end in (row.low, row.high))
        axes.plot([low, high], [place, place], color=BLUE if ours else GREY, lw=2.5 if ours else 1.5)
        axes.plot(value, place, "o" if ours else "s", color=BLUE if ours else GREY, ms=7 if ours else 5)
        total = f"n={row.total:g}" if row.total is not None else f"n={row.n_scored}"
        axes.annotate(total, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=GREY)
    axes.set_yticks(range(len(shown)), [f"{row.dataset} · {row.arm}" for row in reversed(shown)], fontsize=8)
    axes.set_xlim(left=0)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    return figure


def confusion(outcomes: Sequence[Outcome], title: str) -> Any:
    """Counts of reference tier against decided tier; below the diagonal's left is under-triage."""
    counts = np.zeros((len(TIERS), len(TIERS)), dtype=int)
    for outcome in outcomes:
        if outcome.record is not None and outcome.case.tier is not None:
            counts[TIERS.index(outcome.case.tier), TIERS.index(outcome.record.decision.tier)] += 1
    figure, axes = _axes(4.8, 4.2)
    axes.imshow(counts, cmap="Blues", vmin=0)
    limit = counts.max() / 2
    for i, j in np.ndindex(*counts.shape):
        colour = "white" if counts[i, j] > limit else "black"
        weight = "bold" if i == j else "normal"
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontweight=weight)
    names = [tier.value.replace("_", "-").lower() for tier in TIERS]
    axes.set_xticks(range(len(TIERS)), names, fontsize=8, rotation=20)
    axes.set_yticks(range(len(TIERS)), names, fontsize=8)
    axes.set_xlabel("decided (right of the diagonal: under-triage)", fontsize=9)
    axes.set_ylabel("reference", fontsize=9)
    axes.set_title(f"{title} (n={counts.sum()})", loc="left", fontsize=10)
    return figure


def cohort_bars(rows: Sequence[Row], metric: str, column: str, title: str) -> Any:
    """One metric of the pipeline by a cohort column, with intervals and n."""
    prefix = f"{column}="
    mine = [r for r in rows if r.arm == PIPELINE_ARM and r.metric == metric and r.cohort.startswith(prefix)]
    shown = [row for row in mine if row.value is not None]
    figure, axes = _axes(max(4.0, 0.8 * len(shown) + 2), 3.4)
    for place, row in enumerate(shown):
        value = row.value or 0.0
        low, high = (value if end is None else end for end in (row.low, row.high))
        axes.bar(place, value, color=SKY, edgecolor=BLUE, width=0.7)
        axes.errorbar(place, value, [[max(0.0, value - low)], [max(0.0, high - value)]], color="black", capsize=3)
    labels = [f"{row.cohort.removeprefix(prefix)}\nn={row.n_scored}" for row in shown]
    axes.set_xticks(range(len(shown)), labels, fontsize=8)
    axes.set_ylabel(metric.replace("_", " "), fontsize=9)
    axes.set_title(title, loc="left", fontsize=10)
    return figure


def stage_times(outcomes: Sequence[Outcome], title: str) -> Any:
    """Where the time went: one bar a case, stages stacked, slowest last. Words and sounds are heard side by side."""
    records = [outcome.record for outcome in outcomes if outcome.record is not None]
    records.sort(key=lambda record: record.timings.get("total", 0.0))
    figure, axes = _axes(7.5, 3.2)
    bottom = np.zeros(len(records))
    for stage, colour in STAGE_COLOURS.items():
        values = np.array([record.timings.get(stage, 0.0) for record in records])
        axes.bar(range(len(records)), values, bottom=bottom, color=colour, label=stage, width=1.0)
        bottom += values
    totals = [record.timings.get("total", 0.0) for record in records]
    axes.step(np.arange(len(records)), totals, where="mid", color="black", lw=1, label="end to end")
    axes.set_xlabel("consultations, fastest first", fontsize=9)
    axes.set_ylabel("seconds", fontsize=9)
    axes.legend(fontsize=8, frameon=False, ncols=3, loc="upper left")
    axes.set_title(title, loc="left", fontsize=10)
    return figure


def risk_coverage(points: Sequence[tuple[float, float]], title: str) -> Any:
    """Error among the cases that are not sent to a person, against the share of them. points: (coverage, risk)."""
    figure, axes = _axes(4.8, 3.4)
    if points:
        coverage, risk = zip(*points, strict=True)
        axes.plot(coverage, risk, color=BLUE, marker="o", ms=3, drawstyle="steps-post")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("share decided without asking a person", fontsize=9)
    axes.set_ylabel("under-triage among them", fontsize=9)
    axes.grid(alpha=0.3)
    axes.set_title(title, loc="left", fontsize=10)
    return figure


def front(points: Sequence[tuple[str, float, float, float]], axes_names: tuple[str, str], title: str) -> Any:
    """Quality against latency, area by cost. points: (label, seconds, quality, cost per consultation)."""
    figure, axes = _axes(6.0, 4.0)
    largest = max((cost for *_, cost in points), default=0.0)
    for place, (label, seconds, quality, cost) in enumerate(points):
        area = 40 + (260 * cost / largest if largest else 0)
        colour = (BLUE, ORANGE, GREEN, VERMILION, SKY, GREY)[place % 6]
        axes.scatter(seconds, quality, s=area, color=colour, edgecolor="black", alpha=0.8, zorder=3)
        axes.annotate(label, (seconds, quality), xytext=(6, 6), textcoords="offset points", fontsize=8)
    axes.set_xlabel(axes_names[0], fontsize=9)
    axes.set_ylabel(axes_names[1], fontsize=9)
    axes.grid(alpha=0.3)
    axes.set_title(title, loc="left", fontsize=10)
    return figure
