"""Is a file the one that was pinned? Its sha256 says so; a ledger saves hashing gigabytes again on every start."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vaidya.errors import WeightsError, WeightsHashError
from vaidya.settings import settings
from vaidya.weights.entries import WEIGHT_SUFFIXES, Entry

CHUNK_BYTES = 1 << 20


def cache_folder() -> Path:
    """Where fetched weights are kept, one folder a name."""
    return settings().cache / "weights"


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Ledger:
    """Hashes already computed, by absolute path, valid while a file's size and modification time stay the same.

    It spares time, not trust: `vaidya weights verify` ignores it. A cache folder that cannot be written is no error.
    """

    def __init__(self) -> None:
        self.path = cache_folder() / ".hashes.json"
        self._rows: dict[str, list[int | str]] = self._read()
        self._changed = False

    def _read(self) -> dict[str, list[int | str]]:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def sha256(self, path: Path, *, again: bool = False) -> str:
        """The file's sha256, computed when it is not known or `again` asks for it."""
        row = self._rows.get(str(path.resolve()))
        if not again and row and row[:2] == _state(path):
            return str(row[2])
        digest = sha256_of(path)
        self.note(path, digest)
        return digest

    def note(self, path: Path, digest: str) -> None:
        """Keep the sha256 of bytes that this process has just written or read."""
        self._rows[str(path.resolve())] = [*_state(path), digest]
        self._changed = True

    def save(self) -> None:
        """Write what was learnt; another process's additions since are kept."""
        if not self._changed:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.path.parent, prefix=".hashes-")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump({**self._read(), **self._rows}, stream)
            Path(draft).replace(self.path)
        except OSError:
            return


def _state(path: Path) -> list[int | str]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def find_files(entry: Entry, folder: Path) -> dict[str, Path]:
    """Every file of an entry in a folder that holds it, by our name.

    Raises:
        WeightsError: a listed file is missing, or nothing in the folder is a weight file.
    """
    if entry.files:
        missing = [name for name in entry.files if not (folder / name).is_file()]
        if missing:
            raise WeightsError(f"{folder} holds no {', '.join(missing)}, which {entry.name!r} needs")
        return {name: folder / name for name in entry.files}
    return files_in(folder)


def files_in(folder: Path) -> dict[str, Path]:
    """Every file of a folder that the table does not describe, by relative path.

    Raises:
        WeightsError: none of them is a weight file.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder)))
    found = {path.relative_to(folder).as_posix(): path for path in paths}
    if not any(name.endswith(WEIGHT_SUFFIXES) for name in found):
        raise WeightsError(f"{folder} holds no weight file ({', '.join(WEIGHT_SUFFIXES)})")
    return found


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def check(entry: Entry | None, files: Mapping[str, Path], *, again: bool = False) -> str:
    """Compare files with the table; gives the sha256 that stands for all of them (`combined`).

    entry: None for files that the table does not describe. again: hash even what the ledger knows.

    Raises:
        WeightsHashError: a file is not the pinned one.
    """
    ledger = Ledger()
    digests = {name: ledger.sha256(path, again=again) for name, path in files.items()}
    ledger.save()
    rows = entry.files if entry else {}
    for name, row in rows.items():
        if row.sha256 and digests[name] != row.sha256:
            raise WeightsHashError(
                f"{files[name]} has sha256 {digests[name][:12]}…, but {entry.name if entry else name!r} is pinned to "
                f"{row.sha256[:12]}…; it was not loaded. Remove it and run `vaidya weights pull`, or give your own "
                "weights by path"
            )
    return combined(digests)


def combined(digests: Mapping[str, str]) -> str:
    """One sha256 for a set of files: the weight file's own where there is one, else that of a `sha256sum` listing."""
    weights = {name: digest for name, digest in digests.items() if name.endswith(WEIGHT_SUFFIXES)}
    if len(weights) == 1:
        return next(iter(weights.values()))
    listing = "".join(f"{digest}  {name}\n" for name, digest in sorted((weights or dict(digests)).items()))
    return hashlib.sha256(listing.encode()).hexdigest()
