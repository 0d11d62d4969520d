"""A suite over its cases: resumable, a failed case is an outcome with a reason.

Each finished case is kept as a file under `experiments/runs/cases/<key>/`, where the key digests the configuration, the
way the case enters, and the code of the package. An interrupted evaluation takes up where it stopped; changed code or
settings start anew.
"""

import functools
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from vaidya.config import RunConfig
from vaidya.corpora import audio_path, folder_of, read_cases
from vaidya.errors import DataMissingError, VaidyaError
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.perturb import with_changes
from vaidya.evaluation.suite import DatasetSpec, Entry, Suite
from vaidya.pipeline import Pipeline
from vaidya.schema import Case, Intake, TriageRecord, Turn
from vaidya.settings import repository_root

OnCase = Callable[[str, str, Case], None]


@dataclass(frozen=True, slots=True)
class ArmOutcomes:
    """Outcomes of one arm on one dataset. left_out: cases of the dataset that the limit did not admit."""

    dataset: DatasetSpec
    arm: str
    outcomes: tuple[Outcome, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Job:
    """One arm on one dataset: the settings and the cases."""

    dataset: DatasetSpec
    arm: str
    entry: Entry
    config: RunConfig
    cases: tuple[Case, ...]
    left_out: int


def jobs(suite: Suite, config: RunConfig, limit: int | None = None) -> list[Job]:
    """Every arm on every dataset that is here, in the suite's order; jobs with equal settings stand together.

    Raises:
        DataMissingError: none of the suite's datasets is on this machine.
    """
    found = []
    for spec in (spec for spec in present(suite) if spec.entry != "listen"):
        cases, left_out = select(spec, suite.seed, limit)
        for arm in suite.arms:
            if arm.datasets is not None and spec.name not in arm.datasets:
                continue
            changed = config.override({**spec.overrides, **arm.overrides})
            found.append(Job(spec, arm.name, arm.entry or spec.entry, changed, cases, left_out))
    return sorted(found, key=lambda job: job.config.digest)


def present(suite: Suite) -> tuple[DatasetSpec, ...]:
    """The suite's datasets that are on this machine.

    Raises:
        DataMissingError: none is.
    """
    absent = missing(suite)
    if len(absent) == len(suite.datasets):
        raise DataMissingError("; ".join(absent.values()))
    return tuple(spec for spec in suite.datasets if spec.name not in absent)


def missing(suite: Suite) -> dict[str, str]:
    """The suite's datasets that are not on this machine, with the reason; a report names them."""
    absent = {}
    for spec in suite.datasets:
        try:
            folder_of(spec.name)
        except DataMissingError as error:
            absent[spec.name] = str(error)
    return absent


def select(spec: DatasetSpec, seed: int, limit: int | None = None) -> tuple[tuple[Case, ...], int]:
    """The cases of a dataset that a run takes, and how many it leaves out.

    A limited run takes a random subset that depends on the seed and on each case's id alone, so that it is the same
    whatever the file's order, and a larger limit contains the smaller one.
    """
    cases = read_cases(spec.name, split=spec.split)
    limits = [n for n in (spec.limit, limit) if n is not None]
    taken = cases
    if limits and len(cases) > min(limits):
        order = sorted(cases, key=lambda case: hashlib.sha256(f"{seed}:{case.id}".encode()).digest())
        taken = order[: min(limits)]
    return tuple(with_changes(taken, seed) if spec.changed else taken), len(cases) - len(taken)


def run_job(job: Job, pipeline: Pipeline, on_case: OnCase | None = None) -> ArmOutcomes:
    """Run one job's cases, or take what an earlier run finished."""
    folder = cache_folder(job)
    done = []
    for case in job.cases:
        if on_case is not None:
            on_case(job.dataset.name, job.arm, case)
        done.append(replace(run_case(case, job.entry, pipeline, folder), triage=job.config.triage))
    return ArmOutcomes(job.dataset, job.arm, tuple(done), job.left_out)


def run_suite(
    suite: Suite, config: RunConfig, *, limit: int | None = None, engine: str = "local", on_case: OnCase | None = None
) -> Iterator[ArmOutcomes]:
    """Every job's outcomes as they are finished; one pipeline a configuration, its models loaded once.

    engine: `ray` first runs a job's waiting cases on Ray actors; the outcomes are read from the same files.
    """
    pipeline: Pipeline | None = None
    for job in jobs(suite, config, limit):
        if engine == "ray":
            from vaidya.evaluation.ray_engine import run_on_ray

            run_on_ray(job)
        if pipeline is None or pipeline.config.digest != job.config.digest:
            pipeline = pipeline.reconfigured(job.config) if pipeline else Pipeline(job.config)
        yield run_job(job, pipeline, on_case)
    if pipeline is not None:
        pipeline.close()


def run_case(case: Case, entry: Entry, pipeline: Pipeline, folder: Path) -> Outcome:
    """One case, from the cache when it is there."""
    path = folder / f"{case_digest(case)}.json"
    found = _stored(path, case)
    if found is not None:
        return found
    start = time.perf_counter()
    outcome = _run(case, entry, pipeline)
    outcome = Outcome(case, outcome.record, outcome.section, outcome.reason, time.perf_counter() - start)
    _store(path, outcome)
    return outcome


def intake_of(case: Case, entry: Entry) -> Intake:
    """How a case enters the pipeline; `auto` takes the recording, else the turns, else the complaint.

    A recording without speech has no turns to stand in for it, so it enters as itself whatever the entry.
    """
    by_sound = entry in ("auto", "audio") or (entry in ("gold", "english") and not case.turns)
    audio = audio_path(case) if by_sound else None
    turns = case.turns if entry in ("gold", "english") or (entry == "auto" and audio is None) else ()
    return Intake(
        audio=audio,
        vitals=case.vitals,
        patient=case.patient,
        language="en" if entry == "english" else (case.language if turns else None),
        complaint=case.complaint,
        transcript=_as_text(turns, english=entry == "english") or None,
    )


def _as_text(turns: Sequence[Turn], *, english: bool) -> str:
    """One turn a line with its speaker, as `vaidya.transcript.from_text` reads it."""
    spoken = ((turn, (turn.english if english else None) or turn.text) for turn in turns)
    return "\n".join(text if turn.speaker == "unknown" else f"{turn.speaker}: {text}" for turn, text in spoken)


def _run(case: Case, entry: Entry, pipeline: Pipeline) -> Outcome:
    try:
        if case.section_header is not None:
            return Outcome(
                case, section=pipeline.write_section(_as_text(case.turns, english=False), case.section_header)
            )
        return Outcome(case, record=pipeline.run(intake_of(case, entry)))
    except VaidyaError as error:
        return Outcome(case, reason=error.code)


def case_digest(case: Case) -> str:
    """Digest of a case and of its recording's bytes."""
    digest = hashlib.sha256(case.model_dump_json().encode())
    audio = audio_path(case)
    if audio is not None and audio.exists():
        digest.update(audio.read_bytes())
    return digest.hexdigest()[:24]


def cache_folder(job: Job) -> Path:
    """Where the finished cases of a job are kept."""
    key = hashlib.sha256(f"{job.config.digest}:{job.entry}:{code_digest()}".encode()).hexdigest()[:16]
    return repository_root() / "experiments" / "runs" / "cases" / key


@functools.cache
def code_digest() -> str:
    """Digest of every source and data file of the package that can change a record."""
    package = Path(__file__).resolve().parent.parent
    stages = ("audio", "transcript", "acoustic", "language", "llm", "note", "triage", "record", "schema", "weights")
    digest = hashlib.sha256((package / "pipeline.py").read_bytes())
    for stage in stages:
        for path in sorted(p for p in (package / stage).rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _store(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = outcome.record.model_dump_json() if outcome.record else "null"
    rest = json.dumps({"section": outcome.section, "reason": outcome.reason, "seconds": outcome.seconds})
    temporary = path.with_suffix(".part")
    temporary.write_text(f"{rest}\n{record}\n", encoding="utf-8")
    temporary.replace(path)


def _stored(path: Path, case: Case) -> Outcome | None:
    if not path.exists():
        return None
    rest, record = path.read_text(encoding="utf-8").split("\n", 1)
    try:
        parsed = None if record.strip() == "null" else TriageRecord.model_validate_json(record)
        return Outcome(case, record=parsed, **json.loads(rest))
    except (ValidationError, ValueError):
        return None  # written by another version of the schema: run again


def generator(seed: int, *parts: str) -> np.random.Generator:
    """A random generator for one dataset and arm, the same in every run."""
    digest = hashlib.sha256(":".join((str(seed), *parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
