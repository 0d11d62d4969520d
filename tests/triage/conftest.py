"""Evidence for triage tests, and strategies that draw it."""

import pytest

from vaidya.config import TriageConfig


@pytest.fixture(scope="session")
def config() -> TriageConfig:
    """Every source on."""
    return TriageConfig()
