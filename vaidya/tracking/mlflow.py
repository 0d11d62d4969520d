"""Runs in MLflow: a SQLite store in `experiments/`, artifacts in files beside it.

`VAIDYA_TRACKING_URI` points to another store. Telemetry is off; system metrics are on for runs without a parent.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaidya import backends
from vaidya.settings import repository_root, settings
from vaidya.tracking.base import Scalar, Span, TableRow, checked_metrics, checked_table, failure_of


def tracking_uri() -> str:
    """The store of runs and models."""
    return settings().tracking_uri or f"sqlite:///{repository_root() / 'experiments' / 'mlflow.db'}"


def artifact_folder() -> Path:
    """Where artifacts of the local store are kept."""
    return repository_root() / "experiments" / "mlartifacts"


def connect() -> Any:
    """The mlflow module, set to our store.

    Raises:
        BackendMissingError: mlflow is not installed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise backends.missing(error, "tracking") from error
    uri = tracking_uri()
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow


def client() -> Any:
    """An MlflowClient on our store."""
    return connect().MlflowClient()


def experiment_id(name: str) -> str:
    """The experiment's id; a new one keeps its artifacts in our folder when the store is the local one."""
    mlflow = connect()
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return found.experiment_id
    local = tracking_uri().startswith("sqlite:///")
    return mlflow.create_experiment(name, artifact_location=artifact_folder().as_uri() if local else None)


class MlflowTracker:
    """Runs in MLflow."""

    @contextmanager
    def run(self, name: str, *, experiment: str = "vaidya") -> Iterator["MlflowRun"]:
        """A new run without a parent."""
        mlflow = connect()
        started = mlflow.start_run(run_name=name, experiment_id=experiment_id(experiment), log_system_metrics=True)
        with _closing(mlflow, started) as run:
            yield run


@contextmanager
def _closing(mlflow: Any, started: Any) -> Iterator["MlflowRun"]:
    """Marks the run FAILED, with the failure's code, when the block raises; mlflow itself writes no reason."""
    with started:
        run = MlflowRun(mlflow, started.info)
        try:
            yield run
        except BaseException as error:
            run.tags({"failure": failure_of(error)})
            raise


class MlflowRun:
    """One open run of MLflow."""

    def __init__(self, mlflow: Any, info: Any) -> None:
        self.mlflow = mlflow
        self.run_id: str = info.run_id
        self.experiment_id: str = info.experiment_id
        self.client = mlflow.MlflowClient()
        self.logged: set[str] = set()
        self.undefined: set[str] = set()

    def params(self, values: Mapping[str, Scalar]) -> None:
        """What was asked for."""
        self.mlflow.log_params({name: value for name, value in values.items() if value is not None}, run_id=self.run_id)

    def metrics(self, values: Mapping[str, float | None]) -> None:
        """Defined numbers as metrics, the names of undefined ones as a tag."""
        defined = checked_metrics(values, self.logged)
        self.logged |= defined.keys()
        self.mlflow.log_metrics(defined, run_id=self.run_id)
        self.undefined = (self.undefined | {n for n, v in values.items() if v is None}) - self.logged
        if self.undefined:
            self.tags({"undefined_metrics": ", ".join(sorted(self.undefined))})

    def tags(self, values: Mapping[str, Scalar]) -> None:
        """What explains the run."""
        for name, value in values.items():
            if value is not None:
                self.client.set_tag(self.run_id, name, str(value))

    def dataset(self, name: str, rows: Sequence[TableRow], *, source: str, digest: str) -> None:
        """An MLflow dataset of ids and attributes."""
        import pandas as pd
        from mlflow.entities import DatasetInput, InputTag

        frame = pd.DataFrame(checked_table(name, rows, public=False))
        data = self.mlflow.data.from_pandas(frame, source=source, name=name, digest=digest[:36])
        tags = [InputTag(key="mlflow.data.context", value="evaluation")]
        self.client.log_inputs(self.run_id, datasets=[DatasetInput(data._to_mlflow_entity(), tags)])

    def table(self, name: str, rows: Sequence[TableRow], *, public: bool = False) -> None:
        """A JSON table that the UI shows."""
        checked = checked_table(name, rows, public=public)
        columns = list(dict.fromkeys(column for row in checked for column in row))
        split = {"columns": columns, "data": [[row.get(column) for column in columns] for row in checked]}
        self.client.log_text(self.run_id, json.dumps(split, ensure_ascii=False), f"{name}.json")
        self._name_table(f"{name}.json")

    def _name_table(self, file: str) -> None:
        """List the table where the UI looks for tables to show across runs."""
        tag = "mlflow.loggedArtifacts"
        known = json.loads(self.client.get_run(self.run_id).data.tags.get(tag, "[]"))
        entry = {"path": file, "type": "table"}
        if entry not in known:
            self.client.set_tag(self.run_id, tag, json.dumps([*known, entry]))

    def figure(self, name: str, figure: Any) -> None:
        """A PNG under figures/."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.png"
            figure.savefig(path, dpi=130)
            self.artifact(path, "figures")

    def trace(self, name: str, spans: Sequence[Span], attributes: TableRow) -> None:
        """A trace of the UI's "Traces" tab, tied to this run; it ends now, whenever the consultation was."""
        (checked,) = checked_table(name, [attributes], public=False)
        lasted = max((span.end_s for span in spans), default=0.0)
        began = time.time_ns() - round(lasted * 1e9)
        root = self.mlflow.start_span_no_context(
            name=name,
            attributes={key: value for key, value in checked.items() if value is not None},
            tags={"run": self.run_id},
            metadata={"mlflow.sourceRun": self.run_id},
            experiment_id=self.experiment_id,
            start_time_ns=began,
        )
        for span in spans:
            start, end = (began + round(at * 1e9) for at in (span.start_s, span.end_s))
            child = self.mlflow.start_span_no_context(name=span.stage, parent_span=root, start_time_ns=start)
            child.end(end_time_ns=end)
        root.end(end_time_ns=began + round(lasted * 1e9))

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """A file, copied into the store."""
        self.client.log_artifact(self.run_id, str(path), folder)

    @contextmanager
    def nested(self, name: str) -> Iterator["MlflowRun"]:
        """A run below this one."""
        # The parent is named, not taken from the thread: arms may run in threads of their own.
        started = self.mlflow.start_run(
            run_name=name,
            experiment_id=self.experiment_id,
            parent_run_id=self.run_id,
            nested=True,
            log_system_metrics=False,
        )
        with _closing(self.mlflow, started) as run:
            yield run
