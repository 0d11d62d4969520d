"""Figures of sound: a spectrogram with its events, a map of embeddings, a reliability diagram."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vaidya.acoustic.mel import FRAME, HOP, log_mel
from vaidya.evaluation.interval import exact
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.report.plots import (
    BLUE,
    DOTS_PER_IN,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    SKY,
    SMALL,
    VERMILION,
    WIDTH_IN,
    _axes,
)
from vaidya.schema import Findings, Recording
from vaidya.units import SAMPLE_RATE_HZ

LABEL_COLOURS = {
    "cough": VERMILION,
    "sneeze": ORANGE,
    "breath": BLUE,
    "snore": "#CC79A7",
    "speech": GREEN,
    "other": SKY,
}
MARKERS = {"cough": "o", "sneeze": "^", "breath": "s", "snore": "v", "speech": "D", "other": "X"}
BANDS, LOW_HZ, HIGH_HZ = 64, 60.0, 7600.0


def spectrogram(recording: Recording, findings: Findings, title: str) -> Any:
    """Mel bands over time, and above them one lane a label with its events; the number is the probability."""
    figure, axes = _axes(9.0, 4.0, title)
    bands = log_mel(recording.samples, bands=BANDS, low_hz=LOW_HZ, high_hz=HIGH_HZ, offset=1e-4)
    end_s = ((len(bands) - 1) * HOP + FRAME) / SAMPLE_RATE_HZ
    axes.imshow(bands.T, origin="lower", aspect="auto", extent=(0, end_s, 0, BANDS), cmap="magma")
    labels = list(dict.fromkeys(event.label.value for event in findings.events))
    if not labels:
        axes.annotate("no event", (0.01, BANDS + 3), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    for lane, label in enumerate(labels):
        for event in (event for event in findings.events if event.label.value == label):
            height = BANDS + 3 + 7 * lane
            axes.plot([event.start_s, event.end_s], [height, height], color=LABEL_COLOURS[label], lw=5)
            axes.annotate(f"{event.probability:.2f}", (event.start_s, height + 1.2), fontsize=7)
        axes.annotate(label, (1.01, BANDS + 3 + 7 * lane), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.set_ylim(0, BANDS + 7 * max(1, len(labels)) + 3)
    ticks = np.array([125, 500, 1000, 2000, 4000])
    axes.set_yticks(_place(ticks), [f"{tick} Hz" for tick in ticks], fontsize=8)
    axes.set_xlim(0, end_s)
    axes.set_xlabel("seconds")
    return figure


def _place(hertz: np.ndarray) -> np.ndarray:
    """Where a frequency stands on the band axis."""
    mel = np.log1p(np.array([LOW_HZ, HIGH_HZ]) / 700)
    return (np.log1p(hertz / 700) - mel[0]) / (mel[1] - mel[0]) * BANDS


def embedding_map(vectors: np.ndarray, labels: Sequence[str], title: str) -> Any:
    """The first two principal components of one vector a clip, coloured and shaped by label."""
    figure, axes = _axes(6.0, 4.6, title)
    scaled = (vectors - vectors.mean(axis=0)) / np.maximum(vectors.std(axis=0), 1e-6)
    left, spread, _ = np.linalg.svd(scaled, full_matrices=False)
    share = spread**2 / (spread**2).sum()
    for label in dict.fromkeys(labels):
        chosen = np.array([name == label for name in labels])
        points = (left[chosen, :2] * spread[:2]).T
        axes.scatter(*points, s=28, color=LABEL_COLOURS[label], marker=MARKERS[label], label=label, alpha=0.8)
    axes.set_xlabel(f"component 1 ({share[0]:.0%} of variance)")
    axes.set_ylabel(f"component 2 ({share[1]:.0%})")
    axes.legend(fontsize=8, frameon=False)
    return figure


def reliability_diagram(bins: Mapping[str, Sequence[tuple[float, float, int]]], title: str) -> Any:
    """Observed share against mean probability of each bin, a panel a label.

    An exact 95 % interval says how few clips a bin may hold. bins: by label, (mean probability, share, clips).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, 0.7 + 1.9 * -(-len(bins) // 2)), dpi=DOTS_PER_IN, layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", fontsize=NORMAL, fontweight="bold")
    panels = figure.subplots(-(-len(bins) // 2), 2, sharex=True, sharey=True, squeeze=False).flat
    for axes, (label, points) in zip(panels, bins.items(), strict=False):
        said, seen, counts = (np.array(column) for column in zip(*points, strict=True))
        ends = [exact(Rate(round(share * n), int(n))) for share, n in zip(seen, counts, strict=True)]
        low, high = (np.array(side, dtype=float) for side in zip(*ends, strict=True))
        axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--")
        reach = np.clip([seen - low, high - seen], 0, 1)
        axes.errorbar(said, seen, reach, color=LABEL_COLOURS[label], fmt=MARKERS[label], ms=6, elinewidth=1)
        axes.set_title(f"{label}, {counts.sum():g} clips", fontsize=SMALL, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=SMALL)
    figure.supxlabel("mean probability", fontsize=NORMAL)
    figure.supylabel("share that bears the label", fontsize=NORMAL)
    return figure
