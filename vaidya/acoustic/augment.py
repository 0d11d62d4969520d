"""The same sound as other machines would have recorded it, for training alone.

In small collections the way of recording goes with the label: one pads with digital silence, one is band-limited, one
has no background. A head that may look at that learns the collection. So each clip is also heard in a noisy room, as a
short excerpt in digital silence, and through a muffled microphone.
"""

import numpy as np

from vaidya.acoustic.level import FRAME_S, levels
from vaidya.units import CLIP_SAMPLES, SAMPLE_RATE_HZ, samples_of

LONGEST_S = 6.0  # of a variant: three clips' worth, however long the recording
EXCERPT_S = 1.0
MUFFLED_HZ = 2_000.0  # where electronic stethoscopes end
SNR_DB = (10.0, 25.0)


def variants(samples: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Three variants of a recording, mono at 16 kHz, each at most `LONGEST_S` around its loudest moment."""
    piece = _around_loudest(samples, LONGEST_S)
    room = piece + _noise(len(piece), _loudness(piece) - rng.uniform(*SNR_DB), rng)
    muffled = _low_passed(piece) * 10 ** (-rng.uniform(0, 12) / 20)
    muffled = muffled + _noise(len(piece), -65.0, rng)
    return [np.clip(sound, -1, 1).astype(np.float32) for sound in (room, _excerpt(samples, rng), muffled)]


def _around_loudest(samples: np.ndarray, seconds: float) -> np.ndarray:
    length = samples_of(seconds)
    smooth = np.convolve(10 ** (levels(samples) / 10), np.ones(20) / 20, mode="same")
    centre = round(int(smooth.argmax()) * FRAME_S * SAMPLE_RATE_HZ)
    start = min(max(0, centre - length // 2), max(0, len(samples) - length))
    return samples[start : start + length]


def _excerpt(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    piece = _around_loudest(samples, EXCERPT_S)
    silence = np.zeros(CLIP_SAMPLES, np.float32)
    start = int(rng.integers(0, CLIP_SAMPLES - len(piece) + 1))
    silence[start : start + len(piece)] = piece
    return silence


def _loudness(samples: np.ndarray) -> float:
    """Level in dB that a tenth of the frames exceed: of the sound, not of the pauses."""
    return float(np.quantile(levels(samples), 0.9))


def _noise(n: int, level_dbfs: float, rng: np.random.Generator) -> np.ndarray:
    """Noise that falls by 3 dB an octave, as rooms do."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), n)
    return pink / max(float(pink.std()), 1e-12) * 10 ** (level_dbfs / 20)


def _low_passed(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    # Half a cosine over the upper fifth of the band: a brick wall would ring.
    fade = np.clip((MUFFLED_HZ - hertz) / (0.2 * MUFFLED_HZ), 0, 1)
    return np.fft.irfft(spectrum * np.sin(0.5 * np.pi * fade) ** 2, len(samples))
