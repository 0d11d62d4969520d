"""A small VAIDYA_DATA, written for the tests: rows in the layouts of the public sets, none of their text."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vaidya.settings import settings

WriteRows = Callable[..., Path]

KTAS: dict[str, Any] = {
    "id": "ktas-1",
    "age": 61.0,
    "sex": "male",
    "arrival_mode": "public ambulance",
    "injury": False,
    "chief_complaint": "dyspnea",
    "mental": "verbal",
    "pain": True,
    "nrs_pain": 4.0,
    "sbp": 150.0,
    "dbp": 90.0,
    "hr": 104.0,
    "rr": 24.0,
    "temp_c": 37.5,
    "spo2": None,
    "ktas_expert": 2,
    "ktas_nurse": 3,
    "ed_diagnosis": "SECRET DIAGNOSIS",
    "disposition_code": "SECRET DISPOSITION",
    "suggested_tier": "EMERGENCY",
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder that the settings name."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("VAIDYA_DATA", str(folder))
    monkeypatch.delenv("VAIDYA_OFFLINE", raising=False)
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture
def write_rows(data: Path) -> WriteRows:
    """Write objects as one JSONL file of a set's folder."""

    def write(relative: str, *rows: dict[str, Any]) -> Path:
        path = data / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
