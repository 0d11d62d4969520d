"""Windows with probabilities -> events with a start and an end; coughs counted inside them."""

from collections.abc import Iterator, Sequence

import numpy as np

from vaidya.acoustic.level import FRAME_S, trimmed
from vaidya.schema import SoundEvent, SoundLabel, SoundWindow
from vaidya.units import CLIP_S

# A cough's burst: an explosive phase, often a voiced one after it, over in about half a second; coughs of a fit follow
# one another by 0.35 s or more (Morice et al., ERS guidelines on the assessment of cough, Eur Respir J 2007).
COUGH_SPACING_S = 0.35
BURST_BELOW_PEAK_DB = 18.0
BURST_FALL_DB = 8.0
BURST_ABOVE_FLOOR_DB = 10.0


def events_of(
    windows: Sequence[SoundWindow], level_dbfs: np.ndarray, duration_s: float, threshold: float
) -> tuple[SoundEvent, ...]:
    """Runs of touching windows in which a label's probability reaches the threshold, trimmed to where it is loud.

    Events of different labels may overlap: people cough while they speak. In order of their start.
    """
    found = [
        (label, *trimmed(level_dbfs, run[0].start_s, min(run[-1].start_s + CLIP_S, duration_s)), _best(run, label))
        for label in SoundLabel
        for run in _runs(windows, label, threshold)
    ]
    found.sort(key=lambda event: (event[1], event[0].value))
    return tuple(
        SoundEvent(id=i, label=label, start_s=round(start, 2), end_s=round(end, 2), probability=probability)
        for i, (label, start, end, probability) in enumerate(found)
    )


def _runs(windows: Sequence[SoundWindow], label: SoundLabel, threshold: float) -> Iterator[list[SoundWindow]]:
    run: list[SoundWindow] = []
    for window in windows:
        if window.probabilities.get(label.value, 0.0) < threshold:
            continue
        if run and window.start_s > run[-1].start_s + CLIP_S:
            yield run
            run = []
        run.append(window)
    if run:
        yield run


def _best(run: Sequence[SoundWindow], label: SoundLabel) -> float:
    return max(window.probabilities[label.value] for window in run)


def count_coughs(events: Sequence[SoundEvent], level_dbfs: np.ndarray) -> int:
    """Bursts of sound inside the cough events, at least one each."""
    floor = float(np.quantile(level_dbfs, 0.2))
    coughs = (event for event in events if event.label is SoundLabel.COUGH)
    return sum(max(1, _bursts(_inside(level_dbfs, event), floor)) for event in coughs)


def _inside(level_dbfs: np.ndarray, event: SoundEvent) -> np.ndarray:
    inside = level_dbfs[round(event.start_s / FRAME_S) : max(1, round(event.end_s / FRAME_S))]
    # 50 ms of smoothing in power: the flutter of a voiced phase is not a second cough.
    power = np.convolve(10 ** (inside / 10), np.ones(5) / 5, mode="same")
    return 10 * np.log10(np.maximum(power, 1e-12))


def _bursts(level: np.ndarray, floor: float) -> int:
    """Rises above the threshold, each after a fall from the burst before, at least `COUGH_SPACING_S` apart."""
    on = max(float(level.max()) - BURST_BELOW_PEAK_DB, floor + BURST_ABOVE_FLOOR_DB)
    count, onset, peak, low = 0, -np.inf, -np.inf, -np.inf
    for frame, value in enumerate(level):
        low = min(low, value)
        fallen = low < peak - BURST_FALL_DB and value > low + BURST_FALL_DB
        if value >= on and (count == 0 or fallen) and (frame - onset) * FRAME_S >= COUGH_SPACING_S:
            count, onset, peak, low = count + 1, frame, value, value
        elif value > peak and not fallen:
            peak = low = value
    return count
