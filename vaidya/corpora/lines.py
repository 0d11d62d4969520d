"""Rows in: every line of every JSONL file of a set's folder, checked against a row model, with its file and number.

A row of which no case can be made is `Refused`, by name, and the rows after it are read all the same.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vaidya.errors import DataError, DataMissingError
from vaidya.schema import Case


class Row(BaseModel):
    """Base of the row models: what a reader uses is checked, columns that it does not use are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


R = TypeVar("R", bound=Row)
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """One line of a JSONL file; `number` counts from 1, as editors do."""

    path: Path
    number: int
    text: str

    @property
    def where(self) -> str:
        """File and line, for messages; never the content, which may be what a patient said."""
        return f"{self.path.name} line {self.number}"

    @cached_property
    def value(self) -> dict[str, Any]:
        """The object that the line holds.

        Raises:
            DataError: it holds none.
        """
        try:
            value = json.loads(self.text)
        except ValueError as error:
            raise DataError(f"{self.where} is not JSON: repair or remove the line") from error
        if not isinstance(value, dict):
            raise DataError(f"{self.where} holds a {type(value).__name__}; a JSON object is needed")
        return value


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that gives no case. why: its file and line and what is wrong, never what stands there."""

    why: str


def lines(folder: Path) -> Iterator[Line]:
    """Every line of every `*.jsonl` in a folder, files in order of their names; blank lines are skipped.

    Raises:
        DataMissingError: the folder has no such file.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataMissingError(f"{folder} has no *.jsonl file; `vaidya data list` says how to get this set")
    for path in files:
        with path.open(encoding="utf-8") as stream:
            yield from (Line(path, number, text) for number, text in enumerate(stream, start=1) if text.strip())


def attempt(where: str, make: Callable[[], Case | None]) -> Case | Refused | None:
    """What `make` gives, or the refusal of the row in its place.

    where: the row's file and line, for a row that its own model took, but that no case can be made of.
    """
    try:
        return make()
    except DataError as error:
        return Refused(str(error))
    except ValidationError as error:
        return Refused(f"{where} gives no case: field {columns_of(error)} is not acceptable")


def made(rows: Iterable[tuple[str, T]], make: Callable[[T, str], Case | None]) -> Iterator[Case | Refused]:
    """What `make` gives of each row and its place, in order, or the row's refusal; None is not part of the set."""
    for where, row in rows:
        found = attempt(where, partial(make, row, where))
        if found is not None:
            yield found


def cases_of(folder: Path, make: Callable[[Line], Case | None]) -> Iterator[Case | Refused]:
    """A case a line, in order; lines of which `make` gives None are not part of the set.

    Raises:
        DataMissingError: the folder has no JSONL file.
    """
    return made(((line.where, line) for line in lines(folder)), lambda line, _: make(line))


def columns_of(error: ValidationError) -> str:
    """The columns that a model refused, without what they hold."""
    return ", ".join(sorted({".".join(map(str, problem["loc"])) or "row" for problem in error.errors()}))


def parse(model: type[R], line: Line) -> R:
    """One line as a row model.

    Raises:
        DataError: a column is missing or of the wrong type; names the columns, not their values.
    """
    try:
        return model.model_validate(line.value)
    except ValidationError as error:
        columns = columns_of(error)
        raise DataError(f"{line.where} does not fit: column {columns}; see data/README.md for the layout") from error


def split_of(line: Line) -> str:
    """The split that a row names, else its file's name."""
    return str(line.value.get("split") or line.path.stem)
