"""Windows of the exact length that sound encoders take."""

import numpy as np

from vaidya.schema import Clip, Recording
from vaidya.units import CLIP_SAMPLES, SAMPLE_RATE_HZ, samples_of


def windows(recording: Recording, hop_s: float) -> list[Clip]:
    """Windows of CLIP_S seconds, one every `hop_s` seconds, that together cover the whole recording.

    Each offset is rounded from its own time, so a window does not depend on how many others there are. The last
    window, or the only one of a short recording, is padded with zeros.

    Raises:
        ValueError: the hop is shorter than one sample.

    >>> from vaidya.audio.read import recording_of
    >>> [clip.start_s for clip in windows(recording_of(np.ones(3 * SAMPLE_RATE_HZ, np.float32)), hop_s=0.75)]
    [0.0, 0.75, 1.5]
    """
    return [cut(recording.samples, start) for start in window_starts(len(recording.samples), hop_s)]


def window_starts(samples: int, hop_s: float) -> list[int]:
    """First sample of each window of `windows`; with `cut`, long recordings are windowed without a copy of the whole.

    Raises:
        ValueError: the hop is shorter than one sample.
    """
    if samples_of(hop_s) < 1:
        raise ValueError(f"hop_s is {hop_s} s; it must be at least one sample, {1 / SAMPLE_RATE_HZ} s")
    starts = [0]
    while starts[-1] < max(0, samples - CLIP_SAMPLES):
        starts.append(samples_of(len(starts) * hop_s))
    return starts


def cut(samples: np.ndarray, start: int) -> Clip:
    """The window that begins at a sample, padded with zeros at the recording's end."""
    piece = samples[start : start + CLIP_SAMPLES]
    padded = np.pad(piece, (0, CLIP_SAMPLES - len(piece))).astype(np.float32, copy=False)
    return Clip(samples=padded, start_s=start / SAMPLE_RATE_HZ)
