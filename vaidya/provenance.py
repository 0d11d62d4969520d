"""Where a result comes from: code version, machine, libraries."""

import functools
import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from vaidya.schema import Hardware

# Lies in a copy of the package that was taken out of its checkout, and says which one.
BUILD_FILE = "_build.json"
LIBRARIES = ("numpy", "faster-whisper", "ctranslate2", "xllamacpp", "onnxruntime", "torch", "transformers", "mlflow")


def version() -> str:
    """The version of this package: of the copy that runs, else the installed one."""
    if _stamp():
        return str(_stamp()["version"])
    try:
        return metadata.version("vaidya")
    except metadata.PackageNotFoundError:
        return "0+unknown"


@functools.cache
def git_state() -> tuple[str | None, bool | None]:
    """Commit and whether the working tree differs from it; (None, None) outside a checkout."""
    if _stamp():
        return _stamp()["git_commit"], _stamp()["dirty"]
    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return None, None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit or None, None if changes is None else bool(changes)


@functools.cache
def _stamp() -> dict[str, Any]:
    """What a copy of the package knows of its checkout; empty in a checkout or an ordinary installation."""
    path = Path(__file__).resolve().parent / BUILD_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@functools.cache
def hardware() -> Hardware:
    """This machine. The accelerator is looked for through the driver's own tool: importing torch takes seconds."""
    return Hardware(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 1024**3, 1),
        accelerator=_accelerator(),
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _accelerator() -> str | None:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "Apple Metal"
    try:
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        done = subprocess.run(query, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


@functools.cache
def libraries() -> dict[str, str]:
    """Versions of the libraries that change results, where installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def package_digest() -> str:
    """Digest of this package as it was when it was first asked for: of what runs, whatever is edited meanwhile."""
    return digest_of(Path(__file__).resolve().parent)


def digest_of(folder: Path) -> str:
    """First 16 hex digits of the sha256 over every file of a copy of this package, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        if path.name != BUILD_FILE:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def now() -> str:
    """UTC time in ISO 8601 to the second."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def stamp() -> str:
    """UTC time to the second as letters and digits, for names that must not repeat."""
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
