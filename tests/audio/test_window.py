"""Windows of exactly CLIP_SAMPLES, whatever the hop and the length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.audio import windows
from vaidya.audio.read import recording_of
from vaidya.units import CLIP_SAMPLES, SAMPLE_RATE_HZ


def ramp(count: int):
    return recording_of(np.linspace(0.1, 0.9, count, dtype=np.float32))


@given(count=st.integers(1, 200_000), hop_s=st.floats(0.05, 5.0))
def test_windows_are_exact_rounded_and_cover_everything_up_to_the_hop(count, hop_s):
    clips = windows(ramp(count), hop_s)
    assert all(clip.samples.shape == (CLIP_SAMPLES,) for clip in clips)
    starts = [round(clip.start_s * SAMPLE_RATE_HZ) for clip in clips]
    assert starts == [round(index * hop_s * SAMPLE_RATE_HZ) for index in range(len(clips))]
    assert starts[-1] + CLIP_SAMPLES >= count
    assert len(clips) == 1 or starts[-2] + CLIP_SAMPLES < count


@pytest.mark.parametrize("count", [1, 31_999, 32_000])
def test_a_short_recording_is_one_padded_window(count):
    (clip,) = windows(ramp(count), 1.0)
    assert np.count_nonzero(clip.samples) == count


def test_one_sample_more_needs_another_window():
    assert [clip.start_s for clip in windows(ramp(32_001), 1.0)] == [0.0, 1.0]


def test_a_window_does_not_depend_on_how_many_there_are():
    long = windows(ramp(160_000), 1.0)
    short = windows(recording_of(ramp(160_000).samples[:64_000]), 1.0)
    for ours, theirs in zip(short, long, strict=False):
        np.testing.assert_array_equal(ours.samples, theirs.samples)


def test_no_hop_no_windows():
    with pytest.raises(ValueError, match="at least one sample"):
        windows(ramp(100), 0.0)
