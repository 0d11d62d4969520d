"""The table of data sets, and the one way to read any of them."""

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict

from vaidya.corpora.lines import Refused
from vaidya.errors import DataError, DataMissingError
from vaidya.schema import Case
from vaidya.settings import repository_root, settings

if TYPE_CHECKING:
    import datasets

Reader = Callable[[Path], Iterator[Case | Refused]]


class DataSet(BaseModel):
    """One set. folder: under VAIDYA_DATA. tiers: how its labels become tiers; doubt: what is uncertain about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    reader: str
    about: str
    licence: str
    folder: str | None = None
    own: bool = False
    tiers: str | None = None
    doubt: str | None = None


@lru_cache(maxsize=1)
def data_sets() -> dict[str, DataSet]:
    """Every set by name."""
    text = (resources.files("vaidya.corpora") / "sets.yaml").read_text(encoding="utf-8")
    return {name: DataSet.model_validate({"name": name, **row}) for name, row in yaml.safe_load(text).items()}


def data_set(name: str) -> DataSet:
    """One set by name.

    Raises:
        DataError: there is no such set.
    """
    if name not in data_sets():
        raise DataError(f"no data set {name!r}; there are {', '.join(data_sets())}")
    return data_sets()[name]


def folder_of(name: str) -> Path:
    """Where a set lies on this machine.

    Raises:
        DataError: no such set. DataMissingError: VAIDYA_DATA is not set, or the folder is not there.
    """
    chosen = data_set(name)
    if chosen.own:
        return repository_root() / "eval" / "cases"
    root = settings().data
    if root is None:
        raise DataMissingError(
            f"VAIDYA_DATA is not set, so {name!r} cannot be found; data/README.md says how to get it"
        )
    folder = root / str(chosen.folder)
    if not folder.is_dir():
        raise DataMissingError(f"{folder} is not there; `vaidya data list` says how to get {name!r}")
    return folder


@dataclass(frozen=True, slots=True)
class Reading:
    """Every row of a set: the cases, and what is wrong with each row that gives none, by file and line."""

    cases: tuple[Case, ...]
    refused: tuple[str, ...]


def read_rows(dataset: str) -> Reading:
    """The whole set; one odd row costs that row and no other.

    Raises:
        DataError: the set is unknown, not here, or not readable at all.
    """
    found = list(_told_apart(dataset))
    cases = tuple(row for row in found if isinstance(row, Case))
    return Reading(cases, tuple(row.why for row in found if isinstance(row, Refused)))


def read_cases(dataset: str, limit: int | None = None, split: str | None = None) -> list[Case]:
    """The cases of a set, in the order of its files.

    split: only cases whose attribute `split` is this. limit: at most so many. An id that comes twice gets ".2".

    Raises:
        DataError: the set is unknown or not here, or a row is malformed; says which file and line.
    """
    every = (_accepted(row) for row in _told_apart(dataset))
    return list(islice((case for case in every if split is None or case.attributes.get("split") == split), limit))


def _accepted(row: Case | Refused) -> Case:
    if isinstance(row, Refused):
        raise DataError(row.why)
    return row


def _told_apart(dataset: str) -> Iterator[Case | Refused]:
    module, _, function = data_set(dataset).reader.partition(":")
    read: Reader = getattr(importlib.import_module(module), function)
    count: Counter[str] = Counter()
    for row in read(folder_of(dataset)):
        if isinstance(row, Refused):
            yield row
            continue
        count[row.id] += 1
        number = count[row.id]
        yield row if number == 1 else row.model_copy(update={"id": f"{row.id}.{number}"})


def audio_path(case: Case) -> Path | None:
    """The recording of a case, None for a text-only one. Its existence is not checked.

    Raises:
        DataError: the case's set has no folder here.
    """
    return None if case.audio is None else folder_of(case.dataset) / case.audio


def as_dataset(name: str, limit: int | None = None, split: str | None = None) -> "datasets.Dataset":
    """The cases as a Hugging Face `datasets.Dataset`, one column a field, nested ones as JSON text.

    Nested fields stay JSON, because Arrow needs one type a column and attributes differ from case to case.
    """
    import json

    import datasets

    rows = [case.model_dump(mode="json") for case in read_cases(name, limit, split)]
    flat = [{key: json.dumps(v) if isinstance(v, list | dict) else v for key, v in row.items()} for row in rows]
    return datasets.Dataset.from_list(flat)
