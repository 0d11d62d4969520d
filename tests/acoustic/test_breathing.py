"""The breathing rate on made-up breathing of a known rate, and its refusals."""

import numpy as np
import pytest

from tests.acoustic.sounds import breaths
from vaidya.acoustic.breathing import STRENGTH_MIN, band_levels, breathing_rate, periodicity


@pytest.mark.parametrize("per_min", [6, 9, 12.5, 16, 21, 27, 34])
@pytest.mark.parametrize("exhale", [0.0, 0.5])
def test_a_known_rate_is_found(per_min, exhale):
    assert breathing_rate(breaths(per_min, exhale=exhale)).per_min == pytest.approx(per_min, abs=1)


def test_the_rate_does_not_depend_on_loudness():
    sound = breaths(15)
    assert breathing_rate(0.05 * sound).per_min == pytest.approx(breathing_rate(sound).per_min, abs=0.3)


def test_a_knock_does_not_hide_the_breathing():
    sound = breaths(15)
    sound[200_000:204_000] = 0.9
    assert breathing_rate(sound).per_min == pytest.approx(15, abs=1)


def test_too_little_breathing_has_no_rate():
    found = breathing_rate(breaths(15, seconds=6))
    assert found.per_min is None
    assert "6 s" in str(found.reason)


@pytest.mark.parametrize("seed", range(8))
def test_steady_noise_has_no_rate(seed):
    noise = (0.05 * np.random.default_rng(seed).standard_normal(30 * 16_000)).astype(np.float32)
    assert breathing_rate(noise).per_min is None


def test_silence_has_no_rate():
    assert breathing_rate(np.zeros(20 * 16_000, np.float32)).per_min is None


def test_periodicity_is_one_at_no_lag_and_high_at_the_period():
    likeness = periodicity(band_levels(breaths(12)))
    assert likeness[0] == pytest.approx(1.0)
    assert likeness[100] > STRENGTH_MIN  # five seconds, at 20 a second
    assert np.abs(likeness).max() <= 1 + 1e-9


@pytest.mark.data
def test_stethoscope_clips_are_within_two_a_minute_in_four_of_five(data_folder):
    from vaidya.audio import read_recording
    from vaidya.corpora.respiratory import respiratory

    folder = data_folder / "audio" / "respiratory"
    cases = [case for case in respiratory(folder) if case.attributes["respiratory_rate_bpm"] is not None]
    right = 0
    for case in cases:
        found = breathing_rate(read_recording(folder / str(case.audio)).samples).per_min
        right += found is not None and abs(found - float(case.attributes["respiratory_rate_bpm"])) <= 2
    assert right / len(cases) >= 0.8
