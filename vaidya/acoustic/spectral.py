"""An encoder without weights: statistics of level, spectrum and rhythm. The honest yardstick for the learned ones."""

import numpy as np

from vaidya.acoustic.mel import frames, log_mel
from vaidya.config import AcousticConfig
from vaidya.schema import WeightsUsed

BANDS = 32
CEPSTRA = 13
SILENT = 1e-6  # -120 dB, below the noise of 16-bit sound


class SpectralEncoder:
    """Means, deviations and largest rises of mel bands over a clip, its cepstrum, zero crossings and crest factor."""

    name = "spectral"
    weights: tuple[WeightsUsed, ...] = ()
    dimension = 3 * BANDS + CEPSTRA + 3

    def __init__(self, config: AcousticConfig) -> None:
        del config  # nothing to load; every encoder is made alike

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32."""
        if not len(clips):
            return np.empty((0, self.dimension), np.float32)
        return np.stack([_describe(clip) for clip in clips])


def _describe(clip: np.ndarray) -> np.ndarray:
    bands = log_mel(clip, bands=BANDS, low_hz=60.0, high_hz=7600.0, offset=1e-4)
    mean = bands.mean(axis=0)
    rise = np.diff(bands[::5], axis=0).max(axis=0)  # over 50 ms: a cough starts within one step, a breath over many
    rms = np.sqrt(np.mean(clip**2))
    levels = np.sqrt(np.mean(frames(clip) ** 2, axis=-1))
    shape = [zero_crossings(clip), np.log(np.abs(clip).max() + SILENT) - np.log(rms + SILENT)]
    shape.append(float(np.log(levels.max() + SILENT) - np.log(np.median(levels) + SILENT)))
    return np.concatenate([mean, bands.std(axis=0), rise, _cepstrum(mean), shape]).astype(np.float32)


def zero_crossings(samples: np.ndarray) -> float:
    """Share of neighbouring samples between which the sign changes, 0 to 1."""
    return float(np.mean(np.signbit(samples[1:]) != np.signbit(samples[:-1])))


def _cepstrum(mean: np.ndarray) -> np.ndarray:
    # DCT-II of the mean log spectrum: its first terms are the spectral envelope, free of pitch.
    index = np.arange(BANDS)
    basis = np.cos(np.pi * np.outer(np.arange(1, CEPSTRA + 1), index + 0.5) / BANDS)
    return basis @ mean / BANDS
