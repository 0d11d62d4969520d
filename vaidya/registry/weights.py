"""The weights of a registered model: carried inside it, or named by pins that are checked when it is loaded."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vaidya.config import RunConfig
from vaidya.errors import ArtifactError
from vaidya.schema.base import Contract
from vaidya.settings import settings
from vaidya.weights import entry, needed_by, resolve

PINS = "weights.json"
EMBEDDED = "weights"


class Pin(Contract):
    """One set of weights: the sha256 that stands for all its files, and where it can be had.

    hub: repository@revision. packages: pip requirements. files: sha256 by name, for embedded weights.
    """

    name: str
    sha256: str
    hub: str | None = None
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def pin_weights(config: RunConfig, folder: Path, *, embed: bool) -> tuple[Pin, ...]:
    """Write the pins of every set that the configuration loads; with `embed`, copy the files beside them.

    Raises:
        WeightsError: a set is not on this machine and cannot be fetched.
    """
    pins = tuple(_pin(name, folder, embed=embed) for name in needed_by(config))
    text = json.dumps([pin.model_dump(mode="json") for pin in pins], indent=1)
    (folder / PINS).write_text(text + "\n", encoding="utf-8")
    return pins


def _pin(name: str, folder: Path, *, embed: bool) -> Pin:
    found = resolve(name)
    row = entry(name) if "/" not in name else None
    if embed:
        for file, path in found.files.items():
            target = folder / EMBEDDED / found.name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return Pin(
        name=name,
        sha256=found.used.sha256,
        hub=f"{row.hub.repository}@{row.hub.revision}" if row and row.hub else None,
        packages=row.requirements if row else (),
        files=tuple(sorted(found.files)) if embed else (),
    )


def read_pins(folder: Path) -> tuple[Pin, ...]:
    """The pins of an artifact's folder."""
    rows = json.loads((folder / PINS).read_text(encoding="utf-8"))
    return tuple(Pin.model_validate_json(json.dumps(row)) for row in rows)


def check_weights(folder: Path, config: RunConfig) -> None:
    """Raises ArtifactError unless every set that the configuration names is here and is the pinned one."""
    pins: Mapping[str, Pin] = {pin.name: pin for pin in read_pins(folder)}
    if set(needed_by(config)) != pins.keys():
        raise ArtifactError("the configuration and the pinned weights do not name the same sets; nothing was loaded")
    with embedded_weights(folder):
        for name, pin in pins.items():
            if resolve(name).used.sha256 != pin.sha256:
                raise ArtifactError(f"weights {name!r} on this machine are not those that were registered")


@contextmanager
def embedded_weights(folder: Path) -> Iterator[None]:
    """Within the block, weights are looked for in the artifact first, when it carries any."""
    carried = folder / EMBEDDED
    if not carried.is_dir():
        yield
        return
    before = os.environ.get("VAIDYA_WEIGHTS_DIR")
    os.environ["VAIDYA_WEIGHTS_DIR"] = str(carried)
    settings.cache_clear()
    try:
        yield
    finally:
        _restore("VAIDYA_WEIGHTS_DIR", before)
        settings.cache_clear()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
