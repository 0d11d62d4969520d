"""The log-mel front end against numbers of another library."""

import json

import numpy as np
import pytest

from tests.acoustic.sounds import signal
from vaidya.acoustic.mel import log_mel, mel_weights


@pytest.fixture(scope="module")
def stored(repository):
    return json.loads((repository / "tests" / "reference" / "log_mel.json").read_text(encoding="utf-8"))["signals"]


@pytest.mark.parametrize("name", ["chirp", "noise", "silence"])
def test_log_mel_agrees_with_transformers(stored, name):
    ours = log_mel(signal(name), bands=64, low_hz=125.0, high_hz=7500.0, offset=0.001)
    assert ours.shape == (198, 64)
    np.testing.assert_allclose(ours[40], stored[name]["frame_40"], atol=2e-3)
    np.testing.assert_allclose(ours.mean(axis=0), stored[name]["mean"], atol=2e-4)


def test_filters_leave_out_the_constant_and_cover_the_band():
    weights = mel_weights(64, 125.0, 7500.0)
    assert weights.shape == (257, 64)
    assert not weights[0].any()
    assert (weights.sum(axis=0) > 0).all()
    assert weights.max() <= 1
