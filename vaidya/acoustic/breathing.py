"""Breaths a minute from the sound's envelope, or the reason why it cannot be told.

Levels of half-octave bands rise and fall with each breath. Their autocorrelation peaks at the breath's period, and
also at half of it, because breathing out sounds too, and at multiples. So the highest peak is found, and then a shorter
period is preferred when the envelope repeats at it nearly as well: breathing in and out differ in loudness and colour,
so at half the true period it does not.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from vaidya.acoustic.mel import frames
from vaidya.units import SAMPLE_RATE_HZ, samples_of

SLOWEST_PER_MIN, FASTEST_PER_MIN = 5.0, 40.0
MINIMUM_S = 10.0  # two slow breaths
LONGEST_S = 60.0  # a rate over more than a minute is an average of several
ENVELOPE_HZ = 20
FRAME_S = 0.1
BANDS_HZ = tuple(100.0 * 2 ** (i / 2) for i in range(11))  # 100 Hz to 3.2 kHz: above heart sounds, within stethoscopes
SMOOTHING_S = 0.5
LIMIT = 2.5  # robust standard deviations: a knock must not outshout thirty seconds of breathing
STRENGTH_MIN = 0.2  # twice the highest peak in a hundred pieces of white noise of 30 s
HALF_MARGIN = 0.12
MULTIPLE_MARGIN = 0.2
TOLERANCE = 0.08


@dataclass(frozen=True, slots=True)
class BreathingRate:
    """per_min: None when not determinable. reason: why not, or what is doubtful about the rate."""

    per_min: float | None
    reason: str | None


def breathing_rate(samples: np.ndarray) -> BreathingRate:
    """The rate in a stretch of audible breathing: mono float32 at 16 kHz; what lies beyond a minute is left out."""
    samples = samples[: samples_of(LONGEST_S)]
    if len(samples) < samples_of(MINIMUM_S):
        heard_s = len(samples) / SAMPLE_RATE_HZ
        return BreathingRate(None, f"breathing is audible for {heard_s:.0f} s; at least {MINIMUM_S:.0f} s are needed")
    likeness = periodicity(_robust(_smoothed(band_levels(samples))))
    peaks = _peaks(likeness)
    if not peaks or max(likeness[peaks]) < STRENGTH_MIN:
        return BreathingRate(None, "the sound does not rise and fall regularly enough")
    best = max(peaks, key=lambda lag: likeness[lag])
    period = _fundamental(likeness, peaks, best)
    return BreathingRate(round(60 * ENVELOPE_HZ / _refined(likeness, period), 1), _doubt(likeness, peaks, period))


def band_levels(samples: np.ndarray) -> np.ndarray:
    """Level in dB of each band, 20 times a second: (n,) -> (times, bands)."""
    length, hop = samples_of(FRAME_S), SAMPLE_RATE_HZ // ENVELOPE_HZ
    padded = np.pad(samples, (length // 2, length // 2))
    power = np.abs(np.fft.rfft(frames(padded, length, hop) * np.hanning(length).astype(np.float32), axis=-1)) ** 2
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    edges = np.searchsorted(hertz, BANDS_HZ)
    bands = [power[:, low:high].mean(axis=1) for low, high in itertools.pairwise(edges)]
    return 10 * np.log10(np.stack(bands, axis=1) + 1e-9)


def periodicity(levels: np.ndarray) -> np.ndarray:
    """Mean over bands of the normalised autocorrelation, by lag: (times, bands) -> (lags,), each -1 to 1."""
    centred = levels - levels.mean(axis=0)
    n = len(centred)
    longest = min(round(60 / SLOWEST_PER_MIN * ENVELOPE_HZ), int(0.6 * n))
    return np.array([_likeness(centred[: n - lag], centred[lag:]) for lag in range(longest + 1)])


def _likeness(early: np.ndarray, late: np.ndarray) -> float:
    energy = np.sqrt((early**2).sum(axis=0) * (late**2).sum(axis=0))
    return float(np.mean((early * late).sum(axis=0) / np.maximum(energy, 1e-9)))


def _smoothed(levels: np.ndarray) -> np.ndarray:
    reach = round(3 * SMOOTHING_S * ENVELOPE_HZ)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (SMOOTHING_S * ENVELOPE_HZ)) ** 2)
    padded = np.pad(levels, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(band, kernel / kernel.sum(), mode="valid") for band in padded.T], axis=1)


def _robust(levels: np.ndarray) -> np.ndarray:
    centred = levels - np.median(levels, axis=0)
    # 0.3 dB keeps a band of constant noise from being blown up to full size.
    spread = 1.4826 * np.median(np.abs(centred), axis=0) + 0.3
    return np.clip(centred / spread, -LIMIT, LIMIT)


def _peaks(likeness: np.ndarray) -> list[int]:
    shortest = round(60 / FASTEST_PER_MIN * ENVELOPE_HZ)
    inner = likeness[1:-1]
    lags = np.flatnonzero((inner > likeness[:-2]) & (inner >= likeness[2:])) + 1
    return [int(lag) for lag in lags if lag >= shortest]


def _near(likeness: np.ndarray, peaks: list[int], lag: float) -> int | None:
    """The highest peak within the tolerance of a lag."""
    close = [peak for peak in peaks if abs(peak - lag) <= max(TOLERANCE * lag, 2)]
    return max(close, key=lambda peak: likeness[peak]) if close else None


def _fundamental(likeness: np.ndarray, peaks: list[int], best: int) -> int:
    for divisor, margin in ((5, MULTIPLE_MARGIN), (4, MULTIPLE_MARGIN), (3, MULTIPLE_MARGIN), (2, HALF_MARGIN)):
        shorter = _near(likeness, peaks, best / divisor)
        if shorter is not None and likeness[shorter] >= likeness[best] - margin:
            return shorter
    return best


def _refined(likeness: np.ndarray, lag: int) -> float:
    """The peak's place between lags, by a parabola through it and its neighbours."""
    if not 0 < lag < len(likeness) - 1:
        return float(lag)
    left, centre, right = likeness[lag - 1 : lag + 2]
    curvature = left - 2 * centre + right
    return lag + float(0.5 * (left - right) / curvature) if curvature < 0 else float(lag)


def _doubt(likeness: np.ndarray, peaks: list[int], period: int) -> str | None:
    """Half the rate is the other candidate, when breaths repeat somewhat better in pairs."""
    pair = _near(likeness, peaks, 2 * period)
    if pair is not None and likeness[pair] > likeness[period]:
        return "breathing in and out may sound alike: half this rate fits slightly better"
    return None
