"""Fixtures that every part of the suite shares: evaluation data and weights, each with a reason when absent."""

import os
from pathlib import Path

import pytest


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
