"""JSONL in: every line of every file of a set's folder, checked against a row model, with its file and line number."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vaidya.errors import DataError


class Row(BaseModel):
    """Base of the row models: what a reader uses is checked, columns that it does not use are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


R = TypeVar("R", bound=Row)


class Line(NamedTuple):
    """One object of a JSONL file; `number` counts from 1, as editors do."""

    path: Path
    number: int
    value: dict[str, Any]

    @property
    def where(self) -> str:
        """File and line, for messages; never the content, which may be what a patient said."""
        return f"{self.path.name} line {self.number}"


def lines(folder: Path) -> Iterator[Line]:
    """Every object of every `*.jsonl` in a folder, files in order of their names; blank lines are skipped.

    Raises:
        DataError: the folder has no such file, or a line is not a JSON object.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise DataError(f"{folder} has no *.jsonl file; `vaidya data list` says how to get this set")
    for path in files:
        with path.open(encoding="utf-8") as stream:
            for number, text in enumerate(stream, start=1):
                if text.strip():
                    yield Line(path, number, _object(text, f"{path.name} line {number}"))


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataError(f"{where} is not JSON: repair or remove the line") from error
    if not isinstance(value, dict):
        raise DataError(f"{where} holds a {type(value).__name__}; a JSON object is needed")
    return value


def parse(model: type[R], line: Line) -> R:
    """One line as a row model.

    Raises:
        DataError: a column is missing or of the wrong type; names the columns, not their values.
    """
    try:
        return model.model_validate(line.value)
    except ValidationError as error:
        columns = ", ".join(sorted({".".join(map(str, problem["loc"])) or "row" for problem in error.errors()}))
        raise DataError(f"{line.where} does not fit: column {columns}; see data/README.md for the layout") from error


def split_of(line: Line) -> str:
    """The split that a row names, else its file's name."""
    return str(line.value.get("split") or line.path.stem)
