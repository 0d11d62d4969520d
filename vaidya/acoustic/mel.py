"""Short-time power and mel bands in numpy, for the encoders that need no torch.

The mel scale is HTK's, mel(f) = 1127 ln(1 + f / 700); triangles are linear in mel, unnormalised, and leave out the DC
bin (Young et al., The HTK Book, section 5.4).
"""

import functools

import numpy as np

from vaidya.units import SAMPLE_RATE_HZ

FRAME = 400  # 25 ms
HOP = 160  # 10 ms
FFT = 512


def frames(samples: np.ndarray, length: int = FRAME, hop: int = HOP) -> np.ndarray:
    """Whole overlapping frames of the last axis, a view: (…, n) -> (…, 1 + (n - length) // hop, length)."""
    return np.lib.stride_tricks.sliding_window_view(samples, length, axis=-1)[..., ::hop, :]


def spectrum(samples: np.ndarray) -> np.ndarray:
    """Magnitudes of Hann-windowed frames: (…, n) -> (…, frames, FFT // 2 + 1) float32."""
    return np.abs(np.fft.rfft(frames(samples) * _hann(), FFT, axis=-1)).astype(np.float32)


def log_mel(samples: np.ndarray, bands: int, low_hz: float, high_hz: float, offset: float) -> np.ndarray:
    """log(mel + offset) of the magnitude spectrum: (…, n) -> (…, frames, bands) float32."""
    return np.log(spectrum(samples) @ mel_weights(bands, low_hz, high_hz) + offset).astype(np.float32)


@functools.cache
def mel_weights(bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Triangular filters, shape (FFT // 2 + 1, bands) float32."""
    bins = _mel(np.linspace(0, SAMPLE_RATE_HZ / 2, FFT // 2 + 1))[:, None]
    edges = np.linspace(_mel(low_hz), _mel(high_hz), bands + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    return weights.astype(np.float32)


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700)


@functools.cache
def _hann() -> np.ndarray:
    # Periodic, as spectral analysis wants it: numpy's own is the symmetric one.
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)
