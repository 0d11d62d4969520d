"""What an artifact holds, file by file: written once, checked before anything in the artifact is executed or parsed.

The manifest lists every file with its sha256. Its own sha256 stands outside the artifact (a tag of the registered
version, a setting of the container), so that files and manifest cannot be changed together unseen.
"""

import json
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from vaidya.errors import ArtifactError
from vaidya.weights.check import sha256_of

MANIFEST = "manifest.json"
FORMAT = 1
# MLflow writes this beside a model when it downloads it from a registry; nothing of ours reads it.
WRITTEN_ON_DOWNLOAD = frozenset({"registered_model_meta"})
# All that a model of ours can hold. What is not listed is refused: a pickle has many names.
ALLOWED_SUFFIXES = frozenset(
    {".py", ".typed", ".json", ".jsonl", ".yaml", ".yml", ".txt", ".md", ".csv", ".css", ".html", ".j2"}
    | {".gguf", ".onnx", ".data", ".bin", ".safetensors", ".model"}
    | {".flac", ".ogg", ".opus", ".wav", ".mp3", ".webm", ".m4a"}
)
# A file where Python would make the folder of this name: it then neither reads nor writes bytecode beside the sources.
BYTECODE = "__pycache__"
ALLOWED_NAMES = frozenset({"MLmodel", MANIFEST, BYTECODE})
# Pickle protocols 2 to 5, and zip files: PyTorch and NumPy archives hold pickles.
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x93NUMPY")
MAX_MANIFEST_BYTES = 4 * 1024 * 1024


def block_bytecode(folder: Path) -> None:
    """Put a plain file named `__pycache__` into every folder that holds Python sources.

    MLflow imports a model's code where the store keeps it. Bytecode that Python left there would be a file more than
    the manifest lists, and bytecode that somebody put there would run in place of the verified source.
    """
    for parent in {path.parent for path in folder.rglob("*.py")}:
        (parent / BYTECODE).write_text("No bytecode is kept here: what runs is compiled from the verified sources.\n")


def write_manifest(folder: Path) -> str:
    """Write the manifest of everything in `folder`; returns the manifest's own sha256.

    Raises:
        ArtifactError: the folder holds something that would be refused on loading.
    """
    own = {MANIFEST, *WRITTEN_ON_DOWNLOAD}
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in _files(folder) if path.name not in own}
    for name in files:
        _refuse_kind(folder, name)
    text = json.dumps({"format": FORMAT, "files": dict(sorted(files.items()))}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return sha256_of(folder / MANIFEST)


def verify(folder: Path, expected: str | None) -> None:
    """Check every file of an artifact against its manifest, and the manifest against `expected`.

    expected: the manifest's sha256 as the registry or the deployer knows it; None checks the artifact against itself
    only, which finds damage but not a forger.

    Raises:
        ArtifactError: anything is changed, missing, added, or of a kind that is never loaded.
    """
    listed = _read(folder, expected)
    for name in listed:
        _refuse_path(name)
        _refuse_kind(folder, name)
    found = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST} - WRITTEN_ON_DOWNLOAD
    if found != listed.keys():
        raise ArtifactError(
            f"{len(found - listed.keys())} files that the manifest does not list and {len(listed.keys() - found)} that "
            f"are missing, first {sorted(found ^ listed.keys())[0]!r}; the artifact was not loaded"
        )
    for name, digest in listed.items():
        if sha256_of(folder / name) != digest:
            raise ArtifactError(f"{name!r} is not the file that was registered; the artifact was not loaded")


def _read(folder: Path, expected: str | None) -> dict[str, str]:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_MANIFEST_BYTES:
        raise ArtifactError(f"the artifact has no {MANIFEST}; register it again with `vaidya register`")
    if expected is not None and sha256_of(path) != expected:
        raise ArtifactError(f"{MANIFEST} is not the one that was registered; the artifact was not loaded")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except ValueError as error:
        raise ArtifactError(f"{MANIFEST} cannot be read; the artifact was not loaded") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not _is_listing(content.get("files")):
        raise ArtifactError(f"{MANIFEST} is not of format {FORMAT}; the artifact was not loaded")
    return content["files"]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _is_listing(files: object) -> bool:
    return isinstance(files, dict) and bool(files) and all(isinstance(digest, str) for digest in files.values())


def _refuse_path(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path.as_posix() != name:
        raise ArtifactError(f"{MANIFEST} names {name!r}, which is not a plain path inside the artifact")


def _refuse_kind(folder: Path, name: str) -> None:
    path = folder / name
    if path.name not in ALLOWED_NAMES and path.suffix.lower() not in ALLOWED_SUFFIXES:
        raise ArtifactError(f"{name!r} is of a kind that is never loaded (pickles and archives are refused)")
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as stream:
            if stream.read(8).startswith(PICKLE_STARTS):
                raise ArtifactError(f"{name!r} is a pickle or an archive under another name; it is refused")


def _files(folder: Path) -> Iterator[Path]:
    """Every entry that is not a folder; links and special files are refused where they stand."""
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise ArtifactError(f"{path.relative_to(folder).as_posix()!r} is a link or a special file; it is refused")
        yield path
