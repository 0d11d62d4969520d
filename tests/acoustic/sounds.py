"""Sounds that are made, not recorded, so that the truth about them is known."""

import numpy as np

from vaidya.units import SAMPLE_RATE_HZ


def signal(name: str) -> np.ndarray:
    """Two seconds of a chirp, of noise, or of nothing."""
    t = np.arange(32_000) / SAMPLE_RATE_HZ
    if name == "chirp":
        return (0.5 * np.sin(2 * np.pi * (100 * t + 900 * t**2))).astype(np.float32)
    if name == "noise":
        return (0.1 * np.random.default_rng(3).standard_normal(32_000)).astype(np.float32)
    return np.zeros(32_000, np.float32)


def breaths(per_min: float, seconds: float = 30.0, exhale: float = 0.5, seed: int = 0) -> np.ndarray:
    """Noise whose loudness and colour follow breathing in (bright) and out (duller, `exhale` times as loud)."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE_HZ)
    phase = (np.arange(n) / SAMPLE_RATE_HZ * per_min / 60) % 1
    white = rng.standard_normal(n)
    dull = np.convolve(white, np.ones(12) / 12, mode="same") * np.sqrt(12)
    inward = np.where(phase < 0.4, np.sin(np.pi * phase / 0.4) ** 2, 0)
    outward = np.where((phase > 0.45) & (phase < 0.9), np.sin(np.pi * (phase - 0.45) / 0.45) ** 2, 0)
    return (0.1 * (inward * white + exhale * outward * dull) + 0.002 * rng.standard_normal(n)).astype(np.float32)


def cough(seed: int = 0) -> np.ndarray:
    """A burst of 0.3 s that starts within a millisecond and dies away."""
    n = round(0.3 * SAMPLE_RATE_HZ)
    return (0.5 * np.random.default_rng(seed).standard_normal(n) * np.exp(-np.arange(n) / n * 5)).astype(np.float32)


def at(times_s: list[float], sound: np.ndarray, seconds: float, noise: float = 1e-4) -> np.ndarray:
    """Copies of a sound placed in a quiet room."""
    room = noise * np.random.default_rng(9).standard_normal(round(seconds * SAMPLE_RATE_HZ))
    for time_s in times_s:
        start = round(time_s * SAMPLE_RATE_HZ)
        room[start : start + len(sound)] += sound
    return room.astype(np.float32)
