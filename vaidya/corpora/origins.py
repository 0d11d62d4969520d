"""Where public sets come from (`origins.yaml`), and fetching them: resumed, checked, converted."""

import hashlib
import importlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from vaidya.corpora.sets import DataSet, data_set, data_sets
from vaidya.errors import DataError
from vaidya.settings import settings

CHUNK_BYTES = 1 << 18
TRIES = 5  # a connection that breaks is taken up where it stopped
State = Literal["here", "to pull", "by hand", "unset"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Row):
    """One file: its address, its place in the set's folder, its checksum where it is known.

    unpack: None for a file that stays as it is; else it is a zip archive, unpacked without so many leading folders.
    """

    url: str
    to: str
    unpack: Annotated[int | None, Field(ge=0)] = None
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class Origin(_Row):
    """How to get one set: files to fetch and how to convert them, or what to do by hand."""

    name: str
    files: tuple[Source, ...] = ()
    convert: str | None = None
    by_hand: str | None = None
    size_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """One row of `vaidya data list`. todo: how to get it, empty when it is here."""

    name: str
    about: str
    licence: str
    size_mb: float | None
    state: State
    todo: str


@lru_cache(maxsize=1)
def origins() -> dict[str, Origin]:
    """Every origin by the set's name."""
    text = (resources.files("vaidya.corpora") / "origins.yaml").read_text(encoding="utf-8")
    return {name: Origin.model_validate({"name": name, **row}) for name, row in yaml.safe_load(text).items()}


def origin(name: str) -> Origin:
    """One origin.

    Raises:
        DataError: there is no such set.
    """
    if name not in origins():
        raise DataError(f"no data set {name!r} to pull; there are {', '.join(origins())}")
    return origins()[name]


def holdings() -> tuple[Holding, ...]:
    """Every set, and what this machine has of it."""
    return tuple(_holding(row) for row in data_sets().values())


def _holding(row: DataSet) -> Holding:
    source = origins().get(row.name)
    state, todo = _state(row, source)
    return Holding(row.name, row.about, row.licence, source.size_mb if source else None, state, todo)


def _state(row: DataSet, source: Origin | None) -> tuple[State, str]:
    if row.own:
        return "here", ""
    if settings().data is None:
        return "unset", "set VAIDYA_DATA to the folder that holds, or shall hold, the data"
    if target_folder(row.name).is_dir():
        return "here", ""
    if source is None:  # a variant of a set that has its own origin
        return "to pull", "comes with the set whose folder it shares"
    if source.files:
        return "to pull", f"vaidya data pull {row.name}"
    return "by hand", source.by_hand or ""


def target_folder(name: str) -> Path:
    """Where a set lies, or will lie, on this machine.

    Raises:
        DataError: VAIDYA_DATA is not set.
    """
    root = settings().data
    if root is None:
        raise DataError("VAIDYA_DATA is not set: set it to the folder that shall hold the data")
    return root / str(data_set(name).folder)


def pull(name: str) -> Path:
    """Fetch a set's files, check them, convert them; what is there already is not fetched again.

    Raises:
        DataError: no such set, it can only be had by hand, or a download failed or is not what it was.
    """
    source = origin(name)
    folder = target_folder(name)
    if not source.files:
        raise DataError(f"{name!r} cannot be fetched by a program. {source.by_hand}")
    if settings().offline:
        raise DataError(f"VAIDYA_OFFLINE is set: unset it to fetch {name!r}")
    for file in source.files:
        fetch(file, folder)
    if source.convert is not None:
        module, _, function = source.convert.partition(":")
        convert: Callable[[Path], None] = getattr(importlib.import_module(module), function)
        convert(folder)
    return folder


def fetch(source: Source, folder: Path) -> Path:
    """One file, resumed where an earlier try stopped, and compared with its checksum or with the first download's.

    Raises:
        DataError: the server does not give it, or the bytes are not the expected ones.
    """
    target = folder / source.to
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file():
        partial = target.with_name(target.name + ".partial")
        _download(source.url, partial)
        partial.replace(target)
    _check(source, target)
    if source.unpack is not None:
        unpack(target, source.unpack)
    return target


def unpack(archive: Path, leading: int) -> None:
    """Put an archive's files beside it, without their first `leading` folders; one that is there is left alone.

    Raises:
        DataError: it is not a zip archive, or a name in it points outside the folder.
    """
    folder = archive.parent.resolve()
    try:
        with zipfile.ZipFile(archive) as members:
            for member in members.infolist():
                name = "/".join(member.filename.split("/")[leading:])
                target = (folder / name).resolve()
                if not target.is_relative_to(folder):
                    raise DataError(f"{archive.name} names a file outside its folder; it was not unpacked")
                if name and not member.is_dir() and not target.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(members.read(member))
    except zipfile.BadZipFile as error:
        raise DataError(f"{archive} is not a zip archive; remove it and pull again") from error


def _download(url: str, partial: Path) -> None:
    import httpx

    problem = ""
    for _ in range(TRIES):
        try:
            if _continue(url, partial):
                return
            problem = "the connection ended early"
        except httpx.HTTPStatusError as error:
            raise DataError(
                f"{url} answered {error.response.status_code}; see data/README.md for the origin"
            ) from error
        except httpx.HTTPError as error:
            problem = type(error).__name__
    raise DataError(f"{url} could not be fetched ({problem}); run the command again to go on where it stopped")


def _continue(url: str, partial: Path) -> bool:
    """Ask for what is missing and append it; whether the file is now complete."""
    import httpx

    from vaidya.weights.progress import bar

    have = partial.stat().st_size if partial.is_file() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30.0) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True  # everything was there
        answer.raise_for_status()
        resumed = answer.status_code == httpx.codes.PARTIAL_CONTENT
        start = have if resumed else 0
        length = int(answer.headers.get("Content-Length", 0))
        encoded = "Content-Encoding" in answer.headers  # then the length counts other bytes than we write
        with partial.open("ab" if resumed else "wb") as out, bar(length // 1000, partial.stem, "kB") as progress:
            for block in answer.iter_bytes(CHUNK_BYTES):
                out.write(block)
                progress.update(len(block) / 1000)
    return encoded or not length or partial.stat().st_size >= start + length


def _check(source: Source, target: Path) -> None:
    with target.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    note = target.with_name(target.name + ".sha256")
    expected = source.sha256 or (note.read_text(encoding="utf-8").split()[0] if note.is_file() else found)
    if found != expected:
        raise DataError(f"{target} has sha256 {found[:12]}…, expected {expected[:12]}…; remove it and pull again")
    note.write_text(f"{found}  {target.name}\n", encoding="utf-8")
