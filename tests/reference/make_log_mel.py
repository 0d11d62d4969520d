"""Log-mel frames by transformers, for tests/acoustic/test_mel.py. Run: python -m tests.reference.make_log_mel.

transformers builds the spectrum and the filters by its own code (`audio_utils`); the parameters are YAMNet's.
"""

import json
from pathlib import Path

import numpy as np
import transformers
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from tests.acoustic.sounds import signal


def log_mel(samples: np.ndarray) -> np.ndarray:
    magnitude = spectrogram(
        samples, window_function(400, "hann"), frame_length=400, hop_length=160, fft_length=512, power=1.0, center=False
    )
    filters = mel_filter_bank(257, 64, 125.0, 7500.0, 16_000, mel_scale="kaldi", triangularize_in_mel_space=True)
    return np.log(filters.T @ magnitude + 0.001).T


if __name__ == "__main__":
    found = {
        name: {"mean": log_mel(signal(name)).mean(axis=0).tolist(), "frame_40": log_mel(signal(name))[40].tolist()}
        for name in ("chirp", "noise", "silence")
    }
    text = json.dumps({"transformers": transformers.__version__, "signals": found}, indent=1)
    (Path(__file__).parent / "log_mel.json").write_text(text + "\n", encoding="utf-8")
