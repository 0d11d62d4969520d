"""The contract as JSON schema files, for readers in other languages: `python -m vaidya.schema.export [--check]`."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from vaidya.schema import Case, Intake, StageEvent, TriageRecord

FOLDER = Path(__file__).parent / "json"
EXPORTED: tuple[type[BaseModel], ...] = (Case, Intake, StageEvent, TriageRecord)


def schema_text(model: type[BaseModel]) -> str:
    """The JSON schema of a model's serialised form, with a final newline."""
    return json.dumps(model.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False) + "\n"


def drifted() -> list[str]:
    """Names of the models whose committed schema is not what the code says."""
    return [m.__name__ for m in EXPORTED if not _path(m).exists() or _path(m).read_text("utf-8") != schema_text(m)]


def write() -> None:
    """Write every schema file."""
    FOLDER.mkdir(exist_ok=True)
    for model in EXPORTED:
        _path(model).write_text(schema_text(model), encoding="utf-8")


def _path(model: type[BaseModel]) -> Path:
    return FOLDER / f"{model.__name__}.json"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        changed = drifted()
        sys.exit(f"schema files differ from the code: {', '.join(changed)}; run `make schemas`" if changed else 0)
    write()
