"""Our own consultations: one YAML file a case in `eval/cases/`, in the words of `Case`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from vaidya.corpora.text import cohort
from vaidya.errors import DataError
from vaidya.schema import Case

DATASET = "cases"
LICENCE = "Apache-2.0"


def cases(folder: Path) -> Iterator[Case]:
    """Every case of the folder, in order of the file names.

    What all files have in common is filled in here: data set, licence, `synthetic`, and the cohort attributes.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise DataError(f"{folder} has no *.yaml file; run from a checkout of vaidya, which brings its cases")
    for path in files:
        yield read_case(path)


def read_case(path: Path) -> Case:
    """One case file.

    Raises:
        DataError: it is not YAML, or does not fit the schema; names the fields.
    """
    try:
        row: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        case = Case.model_validate_json(_json({"id": path.stem, **row}))
    except yaml.YAMLError as error:
        raise DataError(f"{path.name} is not YAML: {error}") from error
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) + ": " + problem["msg"] for problem in error.errors())
        raise DataError(f"{path.name} does not fit the schema: {fields}") from error
    attributes = {**cohort(case.patient, case.language), "split": "test", **case.attributes}
    accepted = case.acceptable_tiers or ((case.tier,) if case.tier else None)
    return case.model_copy(update={"attributes": attributes, "acceptable_tiers": accepted})


def _json(row: dict[str, Any]) -> str:
    """As JSON, because the schema is strict: a tuple or a tier is written in a file as a list or a word."""
    return json.dumps({"dataset": DATASET, "licence": LICENCE, "synthetic": True, **row}, ensure_ascii=False)
