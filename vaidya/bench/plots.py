"""Figures of the instrument: each takes a report and returns a matplotlib Figure, in the reports' own colours."""

from typing import TYPE_CHECKING

import numpy as np

from vaidya.bench.latency import Report
from vaidya.bench.reading import PIPELINE_ARM
from vaidya.evaluation.report.plots import BLUE, GREEN, GREY, ORANGE, STAGE_COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STAGES = {name: STAGE_COLOURS[name] for name in ("transcript", "acoustic", "note")}
_SHARES = ("decode_share_of_limit", "prompt_share_of_limit", "model_tier_share", "overhead_share")


def stages(report: Report) -> "Figure":
    """Median seconds of each stage by arm, and the whole with its interval.

    Stages may run beside each other, so they need not add up to the whole.
    """
    from matplotlib.figure import Figure

    arms = list(dict.fromkeys(row.arm for row in report.rows if row.metric == "total_s_p50"))
    figure = Figure(figsize=(8, 1.2 + 1.1 * len(arms)), layout="constrained")
    axes = figure.subplots()
    for place, arm in enumerate(arms):
        for step, (stage, colour) in enumerate(_STAGES.items()):
            value = report.value(f"{stage}_s_p50", arm) or 0.0
            label = stage if place == 0 else None
            axes.barh(place + 0.24 * (step - 1.5), value, height=0.22, color=colour, label=label)
        whole = next(row for row in report.rows if row.metric == "total_s_p50" and row.arm == arm)
        value = whole.value or 0.0
        reach = [[value - (whole.low or value)], [(whole.high or value) - value]]
        label = "whole, 95 % interval" if place == 0 else None
        axes.barh(place + 0.36, value, height=0.22, color=GREY, xerr=np.array(reach), capsize=3, label=label)
        axes.text(whole.high or value, place + 0.36, f"  {value:.1f} s", va="center")
    axes.set_yticks(range(len(arms)), arms)
    axes.invert_yaxis()
    axes.set_xlabel("seconds, median")
    axes.margins(x=0.12)
    axes.set_title(f"Where a consultation of {report.consultation['seconds']:.0f} s takes its time")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def shares(report: Report) -> "Figure":
    """Shares of limits and of time, each with its goal where it has one."""
    from matplotlib.figure import Figure

    rows = [row for row in report.rows if row.metric in _SHARES and row.arm == PIPELINE_ARM and row.value is not None]
    figure = Figure(figsize=(8, 1.0 + 0.55 * max(len(rows), 1)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        colour = {True: GREEN, False: ORANGE, None: BLUE}[row.met]
        axes.barh(place, row.value or 0.0, color=colour)
        reached = {True: "met", False: "missed", None: ""}[row.met]
        goal = f"   goal {row.goal} {reached}" if row.goal else ""
        axes.text(row.value or 0.0, place, f"  {row.value:.3f}{goal}", va="center")
    axes.set_yticks(range(len(rows)), [row.metric for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, max([1.0, *((row.value or 0.0) * 1.3 for row in rows)]))
    axes.set_xlabel("share")
    axes.set_title("Shares: green meets its goal, orange misses it, blue has none")
    return figure
