"""Finished cases as files: an interrupted evaluation takes up where it stopped; changed code or settings start anew.

A case is kept under `experiments/runs/cases/<key>/`, where the key digests the configuration, the way the case enters,
and the code of the package. What failed for a reason that may pass (a time limit, a server that is down) is not kept.
"""

import functools
import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from vaidya.config import RunConfig
from vaidya.corpora import audio_path
from vaidya.errors import by_code
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.suite import Entry
from vaidya.schema import Case, TriageRecord
from vaidya.settings import repository_root

# Everything of the package that can change a record: its stages, its modules at the top, how a case becomes an intake.
STAGES = ("audio", "transcript", "acoustic", "language", "llm", "note", "triage", "record", "schema", "weights")
ENTRY = "evaluation/entry.py"


def case_digest(case: Case) -> str:
    """Digest of a case and of its recording's bytes."""
    digest = hashlib.sha256(case.model_dump_json().encode())
    audio = audio_path(case)
    if audio is not None and audio.exists():
        digest.update(audio.read_bytes())
    return digest.hexdigest()[:24]


def folder_of_cases(config: RunConfig, entry: Entry) -> Path:
    """Where the finished cases of a configuration are kept that enter so."""
    key = hashlib.sha256(f"{config.digest}:{entry}:{code_digest()}".encode()).hexdigest()[:16]
    return repository_root() / "experiments" / "runs" / "cases" / key


def code_files() -> list[Path]:
    """Every source and data file of the package that can change a record, in order."""
    package = Path(__file__).resolve().parent.parent
    stages = [path for stage in STAGES for path in (package / stage).rglob("*") if "__pycache__" not in path.parts]
    return sorted(path for path in (*stages, *package.glob("*.py"), package / ENTRY) if path.is_file())


@functools.cache
def code_digest() -> str:
    """Digest of those files."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in code_files():
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def lasts(outcome: Outcome) -> bool:
    """Whether another attempt would give the same: nothing failed, or only what fails again on the same input."""
    codes = [failure.code for failure in outcome.record.failures] if outcome.record else []
    codes += [outcome.reason] if outcome.reason else []
    return all(by_code(code).lasting for code in codes)


def keep(folder: Path, outcome: Outcome) -> None:
    """Write a finished case, unless its failure may pass; whole or not at all."""
    if not lasts(outcome):
        return
    path = _path(folder, outcome.case)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = outcome.record.model_dump_json() if outcome.record else "null"
    rest = json.dumps({"section": outcome.section, "reason": outcome.reason, "seconds": outcome.seconds})
    temporary = path.with_suffix(".part")
    temporary.write_text(f"{rest}\n{record}\n", encoding="utf-8")
    temporary.replace(path)


def is_kept(folder: Path, case: Case) -> bool:
    """Whether a case has a file here; whether it can be read is seen on reading it."""
    return _path(folder, case).exists()


def kept(folder: Path, case: Case) -> Outcome | None:
    """A finished case; None when there is none, or it was written by another version of the schema."""
    path = _path(folder, case)
    if not path.exists():
        return None
    rest, record = path.read_text(encoding="utf-8").split("\n", 1)
    try:
        parsed = None if record.strip() == "null" else TriageRecord.model_validate_json(record)
        return Outcome(case, record=parsed, **json.loads(rest))
    except (ValidationError, ValueError):
        return None


def _path(folder: Path, case: Case) -> Path:
    return folder / f"{case_digest(case)}.json"
