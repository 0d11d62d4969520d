"""How loud a recording is over time, and which windows hold sound at all."""

from collections.abc import Iterator

import numpy as np

from vaidya.units import CLIP_S, samples_of

FRAME_S = 0.01
FRAMES_PER_BLOCK = 60_000  # ten minutes at a time: memory does not grow with the recording
FLOOR_DBFS = -120.0
HEARD_FRAMES = 3  # 30 ms: shorter than any cough, longer than a click


def levels(samples: np.ndarray) -> np.ndarray:
    """Level of each 10 ms frame in dB relative to full scale, at least `FLOOR_DBFS`; a last part counts as one."""
    return np.concatenate([_block_levels(block) for block in _blocks(samples)])


def _blocks(samples: np.ndarray) -> Iterator[np.ndarray]:
    step = samples_of(FRAME_S) * FRAMES_PER_BLOCK
    for start in range(0, max(len(samples), 1), step):
        yield samples[start : start + step]


def _block_levels(block: np.ndarray) -> np.ndarray:
    frame = samples_of(FRAME_S)
    padded = np.pad(block, (0, -len(block) % frame)).reshape(-1, frame)
    power = np.mean(np.square(padded, dtype=np.float64), axis=1)
    return 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DBFS / 10)))


def is_heard(level_dbfs: np.ndarray, start_s: float, silence_dbfs: float) -> bool:
    """Whether the window that begins at `start_s` holds at least 30 ms of sound above the silence level."""
    first = round(start_s / FRAME_S)
    window = level_dbfs[first : first + round(CLIP_S / FRAME_S)]
    return int((window > silence_dbfs).sum()) >= HEARD_FRAMES


def trimmed(level_dbfs: np.ndarray, start_s: float, end_s: float, depth_db: float = 25.0) -> tuple[float, float]:
    """The part of an interval from its first to its last frame that is at most `depth_db` below its loudest one."""
    first, last = round(start_s / FRAME_S), round(end_s / FRAME_S)
    inside = level_dbfs[first:last]
    if not len(inside):
        return start_s, end_s
    loud = np.flatnonzero(inside >= inside.max() - depth_db)
    return (first + int(loud[0])) * FRAME_S, min(end_s, (first + int(loud[-1]) + 1) * FRAME_S)
