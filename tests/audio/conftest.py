"""The recordings that several tests share."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("audio_containers", Path(__file__).with_name("containers.py"))
containers_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(containers_module)


@pytest.fixture(scope="session")
def containers():
    """The module that makes recordings in every container."""
    return containers_module


@pytest.fixture(scope="session")
def two_seconds(containers):
    """Two seconds of a tone as a file of each kind."""
    return {kind: containers.encode(containers.tone(2, rate), kind) for kind, (_, _, rate) in containers.SOUND.items()}
