"""The command line in this process, and a profile whose engines say what they were told to."""

import json
import wave

import numpy as np
import pytest
import yaml

from vaidya.cli import main
from vaidya.testing import make_transcript
from vaidya.units import SAMPLE_RATE_HZ

SAID = ("Doctor, I have chest pain since this morning.", "No fever and no cough.")


@pytest.fixture
def vaidya(monkeypatch, capsys):
    """Run the command line: exit code, stdout, stderr."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vaidya", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def visit(tmp_path):
    """A recording of a visit: what matters of its sound is that it can be decoded."""
    path = tmp_path / "visit.wav"
    time = np.arange(4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((0.2 * np.sin(2 * np.pi * 220 * time) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def scripted(tmp_path):
    """A profile file: every recording holds SAID, and the model writes one note."""
    reply = {"t": "URGENT", "s": ["Chest pain since this morning"], "a": ["Chest pain"]}
    (tmp_path / "heard.json").write_text(json.dumps({"*": make_transcript(SAID).model_dump(mode="json")}))
    (tmp_path / "replies.json").write_text(json.dumps([json.dumps(reply)]))
    profile = {
        "profile": "made-up",
        "transcript": {"backend": "scripted", "weights": str(tmp_path / "heard.json")},
        "acoustic": {"backend": "scripted", "weights": None},
        "llm": {"backend": "scripted", "weights": None, "model": str(tmp_path / "replies.json")},
    }
    path = tmp_path / "made-up.yaml"
    path.write_text(yaml.safe_dump(profile))
    return path
