"""The same evaluation on many processes or machines: Ray Data in, finished cases out.

A CPU task reads each recording; each model actor keeps one pipeline resident. A finished case goes to the store
that the local engine reads (`vaidya.evaluation.kept`): a killed actor loses at most the case in its hands, which
Ray gives to another, and the rows are made from the same files as local ones.
"""

from typing import Any

from vaidya.config import RunConfig
from vaidya.errors import ConfigError
from vaidya.evaluation.kept import case_digest, is_kept
from vaidya.evaluation.run import Job, run_case
from vaidya.pipeline import Pipeline
from vaidya.schema import Case

ACTORS = 2


class CaseWorker:
    """One resident pipeline; called with one case at a time."""

    def __init__(self, config: dict[str, Any], entry: Any, folder: str) -> None:
        from pathlib import Path

        self.pipeline = Pipeline(RunConfig.model_validate(config))
        self.entry = entry
        self.folder = Path(folder)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Run the case, keep its file, and say which it was."""
        case = Case.model_validate_json(row["case"])
        outcome = run_case(case, self.entry, self.pipeline, self.folder)
        return {"id": case.id, "reason": outcome.reason or ""}


def prepare(row: dict[str, Any]) -> dict[str, Any]:
    """Read the recording on a CPU worker, so that an actor finds it in the page cache."""
    case = Case.model_validate_json(row["case"])
    return {**row, "digest": case_digest(case)}


def run_on_ray(job: Job, actors: int = ACTORS, worker: type[CaseWorker] = CaseWorker) -> int:
    """Run the cases of a job that are not finished yet; returns how many were run.

    Raises:
        ConfigError: ray is not installed.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ConfigError("--engine ray needs ray: pip install 'vaidya[ray]'") from error
    waiting = [case for case in job.cases if not is_kept(job.folder, case)]
    if not waiting:
        return 0
    if not ray.is_initialized():
        ray.init(include_dashboard=False, configure_logging=False, log_to_driver=False)
    dataset = ray.data.from_items([{"case": case.model_dump_json()} for case in waiting])
    finished = dataset.map(prepare).map(
        worker,  # type: ignore[arg-type]
        fn_constructor_args=(job.config.model_dump(mode="json"), job.entry, str(job.folder)),
        concurrency=min(actors, len(waiting)),
        num_cpus=0.5,
    )
    return sum(1 for _ in finished.iter_rows())
