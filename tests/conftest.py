"""Fixtures that every part of the suite shares: evaluation data and weights, each with a reason when absent."""

import json
import os
from math import log
from pathlib import Path

import pytest

from vaidya.config import RunConfig
from vaidya.errors import WeightsError, WeightsHashError
from vaidya.testing import make_transcript
from vaidya.weights import ResolvedWeights, resolve


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public evaluation data (layout: data/README.md)."""
    value = os.environ.get("VAIDYA_DATA")
    if not value:
        pytest.skip("VAIDYA_DATA is not set: tests on public evaluation data are skipped (see data/README.md)")
    folder = Path(value)
    assert folder.is_dir(), f"VAIDYA_DATA={value} is not a folder"
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return Path(__file__).resolve().parent.parent


def _weights(name: str) -> ResolvedWeights:
    """Weights by name; a test without them is skipped with the whole reason, never passed."""
    try:
        return resolve(name)
    except WeightsHashError:
        raise
    except WeightsError as error:
        pytest.skip(f"weights {name} cannot be had here: {error}")


@pytest.fixture(scope="session")
def llm_weights() -> ResolvedWeights:
    """The small instruct model (491 MB)."""
    return _weights("qwen2.5-coder-0.5b-instruct-q4")


@pytest.fixture(scope="session")
def whisper_weights() -> ResolvedWeights:
    """The multilingual transcriber (148 MB)."""
    return _weights("faster-whisper-base")


@pytest.fixture(scope="session")
def yamnet_weights() -> ResolvedWeights:
    """The sound event model (15 MB)."""
    return _weights("yamnet-w8a8")


@pytest.fixture(scope="session")
def scripted_config(tmp_path_factory) -> RunConfig:
    """Every engine scripted: nothing is downloaded, everything repeats."""
    folder = tmp_path_factory.mktemp("scripts")
    said = make_transcript(["I cannot catch my breath, even at rest."]).model_dump(mode="json")
    (folder / "speech.json").write_text(json.dumps({"*": said}))
    weighed = {word: log(share) for word, share in {"SEM": 0.7, "UR": 0.2, "ROUT": 0.06, "EM": 0.04}.items()}
    note = '{"t":"SEMI_URGENT","s":["Cannot catch breath, even at rest"],"a":["Breathless at rest"]}'
    opening = [{"text": '{"t":"'}, {"text": "SEM", "alternatives": weighed}]
    (folder / "replies.json").write_text(json.dumps([{"text": note, "opening": opening}]))
    return RunConfig(
        profile="scripted",
        transcript={"backend": "scripted", "weights": str(folder / "speech.json")},
        acoustic={"backend": "scripted", "weights": None},
        llm={"backend": "scripted", "weights": None, "model": str(folder / "replies.json")},
        deploy={"max_concurrent": 2},
    )
