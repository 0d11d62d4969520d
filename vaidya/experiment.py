"""An experiment: a suite and notebooks under one profile, in one tracked run. Declared in `experiments/NAME.yaml`.

The suite is evaluated first, so that the notebooks read cases that are finished; each notebook is executed by papermill
under the strict runner of `vaidya.notebooks`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from vaidya.config import RunConfig, Section, load_profile
from vaidya.errors import ConfigError
from vaidya.evaluation.suite import load_suite
from vaidya.notebooks import run_notebook
from vaidya.pipeline import fit_to_machine
from vaidya.settings import repository_root
from vaidya.tracking import tracker
from vaidya.tracking.evaluation import EvaluationResult, evaluate_in
from vaidya.tracking.tags import standard_tags


class NotebookSpec(Section):
    """A notebook of `notebooks/` or `experiments/` and its parameters; `profile` is passed by itself."""

    name: str
    parameters: dict[str, Any] = {}


class Experiment(Section):
    """What is run: settings by dotted name over the profile, at most one suite, any notebooks."""

    experiment: str
    description: str
    profile: str = "embedded"
    overrides: dict[str, Any] = {}
    suite: str | None = None
    limit: int | None = None
    notebooks: tuple[NotebookSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """What an experiment gave: its run, its evaluation if it has one, the executed notebooks."""

    run_id: str
    evaluation: EvaluationResult | None
    notebooks: tuple[Path, ...]


def load_experiment(path: Path) -> Experiment:
    """An experiment from its file.

    Raises:
        ConfigError: no such file, or it is malformed.
    """
    if not path.is_file():
        raise ConfigError(f"no experiment at {path}; experiments are declared in experiments/*.yaml")
    try:
        return Experiment.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"experiment {path.name} is not valid: {problems}") from error


def run_experiment(experiment: Experiment, profile: str | None = None) -> ExperimentResult:
    """Run an experiment; what an earlier, interrupted run finished is taken up.

    profile: another profile than the experiment's own.

    Raises:
        VaidyaError: a part failed; the tracked run is marked FAILED.
    """
    name = profile or experiment.profile
    config = fit_to_machine(load_profile(name).override(experiment.overrides))
    folder = repository_root() / "experiments" / "runs" / experiment.experiment / config.profile
    with tracker().run(f"{experiment.experiment} {config.profile}", experiment=experiment.experiment) as run:
        run.tags(standard_tags(config))
        run.params({"experiment": experiment.experiment, "profile": name})
        evaluation = None
        if experiment.suite is not None:
            with run.nested(experiment.suite) as nested:
                evaluation = evaluate_in(nested, load_suite(experiment.suite), config, limit=experiment.limit)
        notebooks = tuple(
            run_notebook(spec.name, {"profile": name, **spec.parameters}, folder, run=run)
            for spec in experiment.notebooks
        )
    return ExperimentResult(run.run_id, evaluation, notebooks)


def ensure_weights(config: RunConfig) -> None:
    """Fetch what the configuration needs, with progress, before anything is timed."""
    from vaidya.weights import needed_by, resolve

    for name in needed_by(config):
        resolve(name)


def experiment_path(name: str) -> Path:
    """A path as given, or `experiments/NAME.yaml`."""
    return Path(name) if name.endswith(".yaml") else repository_root() / "experiments" / f"{name}.yaml"
