"""Levels against numpy over the whole array, and that blocks do not matter."""

import numpy as np
import pytest

from vaidya.audio.quality import measure
from vaidya.config import AudioConfig


@pytest.mark.parametrize("count", [1, 479, 480, 481, 480_000, 480_001, 1_000_003])
def test_levels_equal_those_of_the_whole_array(count):
    samples = (np.random.default_rng(5).normal(size=count) * 0.4).astype(np.float32)
    found = measure(samples, AudioConfig())
    whole = samples.astype(np.float64)
    assert found.peak == pytest.approx(np.abs(whole).max())
    assert found.rms_dbfs == pytest.approx(10 * np.log10((whole**2).mean()))
    assert found.clipped_share == pytest.approx((np.abs(samples) >= 0.999).mean())
    assert found.silence_share == pytest.approx(0.0, abs=0.05)


def test_silence_is_counted_in_frames_of_30_ms():
    samples = np.zeros(16_000, np.float32)
    samples[:480] = 0.1
    assert measure(samples, AudioConfig()).silence_share == pytest.approx(1 - 480 / 16_000)
