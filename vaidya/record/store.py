"""A folder of records, one JSON file each, and the worklist that a clinic reads from it.

Files are written whole or not at all, readable by their owner only: a record holds what a patient said. A file is named
by the record's id and time: two patients with the same few vital signs share an id, and neither may be lost.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from vaidya.errors import DataError
from vaidya.schema import TriageRecord

KEY = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$")


@dataclass(frozen=True, slots=True)
class RecordStore:
    """Records in one folder, each under a key: its id and the second in which it was made."""

    folder: Path

    def save(self, record: TriageRecord) -> str:
        """Write a record whole, and return its key; the same record saved again is replaced at once."""
        key = f"{record.record_id}-{_arrived(record):%Y%m%dT%H%M%S}"
        target = self._path(key)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(record.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return key

    def load(self, key: str) -> TriageRecord:
        """One record, by its key or by its id alone: then the newest of that id.

        Raises:
            DataError: there is none, or its file is not a record of this schema.
        """
        path = self._path(key)
        if not path.is_file():
            path = max(self.folder.glob(f"{key}-*.json"), default=path)
        if not path.is_file():
            raise DataError(f"no record {key!r} in {self.folder}; `keys()` lists those that are there")
        try:
            return TriageRecord.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise DataError(
                f"record {key!r} does not follow the schema: {error.error_count()} problem(s). "
                "It was written by another version, or changed by hand."
            ) from None

    def keys(self) -> list[str]:
        """Keys of all records, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def __iter__(self) -> Iterator[TriageRecord]:
        return (self.load(key) for key in self.keys())

    def worklist(self) -> list[TriageRecord]:
        """Who is seen next: the most severe tier first, within a tier whoever has waited longest."""
        return sorted(self, key=lambda r: (-r.decision.tier.severity, _arrived(r), r.record_id))

    def _path(self, key: str) -> Path:
        if not KEY.match(key):
            raise DataError("a record's key holds letters, digits, '-', '_' and '.' only, 128 at most")
        return self.folder / f"{key}.json"


def _arrived(record: TriageRecord) -> datetime:
    return datetime.fromisoformat(record.provenance.created_at)
