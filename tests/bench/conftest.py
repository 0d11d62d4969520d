"""A pipeline of stand-ins that runs in milliseconds, and a recording to run it on."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from vaidya.config import RunConfig, load_profile
from vaidya.testing import make_transcript

REPLY = {
    "t": "URGENT",
    "s": ["Chest pain for two days"],
    "o": [],
    "a": ["Chest pain"],
    "p": ["ECG"],
}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Three seconds of quiet noise."""
    path = tmp_path / "noise.wav"
    samples = np.random.default_rng(0).normal(0, 0.05, 48_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def scripted(tmp_path: Path) -> RunConfig:
    """The embedded profile with a stand-in for every model."""
    transcript = make_transcript(["I have had chest pain for two days.", "We will take an ECG."])
    heard = tmp_path / "transcripts.json"
    heard.write_text(json.dumps({"*": transcript.model_dump(mode="json")}), encoding="utf-8")
    replies = tmp_path / "replies.json"
    replies.write_text(json.dumps([{"text": json.dumps(REPLY), "piece_delay_s": 0.002}]), encoding="utf-8")
    return load_profile("embedded").override(
        {
            "transcript.backend": "scripted",
            "transcript.weights": str(heard),
            "acoustic.backend": "scripted",
            "acoustic.weights": None,
            "llm.backend": "scripted",
            "llm.weights": None,
            "llm.model": str(replies),
            "llm_small": None,
        }
    )
