"""A suite over its cases: resumable, a failed case is an outcome with a reason.

Finished cases are kept as files (`vaidya.evaluation.kept`). A machine that lacks weights or a library stops the run.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vaidya.config import RunConfig
from vaidya.evaluation.entry import enter
from vaidya.evaluation.kept import folder_of_cases, keep, kept
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.selection import Selection, selections
from vaidya.evaluation.suite import DatasetSpec, Entry, Suite
from vaidya.pipeline import Pipeline
from vaidya.schema import Case

OnCase = Callable[[str, str, Case], None]


@dataclass(frozen=True, slots=True)
class ArmOutcomes:
    """Outcomes of one arm on one dataset.

    left_out: cases of the dataset that the limit did not admit. reason: why there is no outcome at all.
    """

    dataset: DatasetSpec
    arm: str
    outcomes: tuple[Outcome, ...]
    left_out: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One arm on one dataset: the settings and the cases."""

    selection: Selection
    arm: str
    entry: Entry
    config: RunConfig

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases to run."""
        return self.selection.cases

    @property
    def folder(self) -> Path:
        """Where its finished cases are kept."""
        return folder_of_cases(self.config, self.entry)


def jobs(suite: Suite, config: RunConfig, limit: int | None = None) -> list[Job]:
    """Every arm on every dataset that is here, in the suite's order; jobs with equal settings stand together.

    Raises:
        DataError: none of the suite's datasets is on this machine, or none can be read.
    """
    found = []
    for chosen in selections(suite, limit):
        spec = chosen.dataset
        if spec.entry == "listen":
            continue
        for arm in suite.arms:
            if arm.datasets is not None and spec.name not in arm.datasets:
                continue
            changed = config.override({**spec.overrides, **arm.overrides})
            found.append(Job(chosen, arm.name, arm.entry or spec.entry, changed))
    return sorted(found, key=lambda job: job.config.digest)


def run_job(job: Job, pipeline: Pipeline, on_case: OnCase | None = None) -> ArmOutcomes:
    """Run one job's cases, or take what an earlier run finished."""
    chosen, done = job.selection, []
    for case in job.cases:
        if on_case is not None:
            on_case(chosen.dataset.name, job.arm, case)
        done.append(run_case(case, job.entry, pipeline, job.folder))
    return ArmOutcomes(chosen.dataset, job.arm, tuple(done), chosen.left_out, chosen.reason)


def run_suite(
    suite: Suite, config: RunConfig, *, limit: int | None = None, engine: str = "local", on_case: OnCase | None = None
) -> Iterator[ArmOutcomes]:
    """Every job's outcomes as they are finished; one pipeline a configuration, its models loaded once.

    engine: `ray` first runs a job's waiting cases on Ray actors; the outcomes are read from the same files.

    Raises:
        DataError: no dataset can be read. ConfigError, WeightsError: a backend, its library or its weights are not
        here; what was finished before is kept.
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
    """One case, from its file when it is there.

    Raises:
        ConfigError, WeightsError: a backend, its library or its weights are not here.
    """
    found = kept(folder, case)
    if found is not None:
        return found
    start = time.perf_counter()
    outcome = enter(case, entry, pipeline)
    outcome = replace(outcome, seconds=time.perf_counter() - start)
    keep(folder, outcome)
    return outcome


def generator(seed: int, *parts: str) -> np.random.Generator:
    """A random generator for one dataset and arm, the same in every run."""
    digest = hashlib.sha256(":".join((str(seed), *parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
