"""Runs as a folder each, one JSON line per thing logged: for tests, and for machines without MLflow."""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaidya import provenance
from vaidya.settings import repository_root
from vaidya.tracking.base import Scalar, Span, TableRow, checked_metrics, checked_table, failure_of


class JsonlTracker:
    """Runs below a folder; by default `experiments/runs/jsonl`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or repository_root() / "experiments" / "runs" / "jsonl"

    @contextmanager
    def run(self, name: str, *, experiment: str = "vaidya") -> Iterator["JsonlRun"]:
        """A new run without a parent."""
        with _opened(self.folder, name, experiment, None) as run:
            yield run


@contextmanager
def _opened(folder: Path, name: str, experiment: str, parent: str | None) -> Iterator["JsonlRun"]:
    run = JsonlRun(folder, uuid.uuid4().hex, experiment)
    run.write("started", {"name": name, "experiment": experiment, "parent": parent, "at": provenance.now()})
    try:
        yield run
    except BaseException as error:
        run.tags({"failure": failure_of(error)})
        run.write("ended", {"status": "FAILED", "at": provenance.now()})
        raise
    run.write("ended", {"status": "FINISHED", "at": provenance.now()})


class JsonlRun:
    """One open run: `<folder>/<run id>/run.jsonl`, files beside it."""

    def __init__(self, folder: Path, run_id: str, experiment: str) -> None:
        self.runs = folder
        self.run_id = run_id
        self.experiment = experiment
        self.folder = folder / run_id
        self.folder.mkdir(parents=True)
        self.logged: set[str] = set()

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """One line."""
        with (self.folder / "run.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **values}, ensure_ascii=False, allow_nan=False) + "\n")

    def params(self, values: Mapping[str, Scalar]) -> None:
        """What was asked for."""
        self.write("params", {"values": dict(values)})

    def metrics(self, values: Mapping[str, float | None]) -> None:
        """Defined numbers, and the names of undefined ones."""
        defined = checked_metrics(values, self.logged)
        self.logged |= defined.keys()
        self.write("metrics", {"values": defined, "undefined": sorted(n for n, v in values.items() if v is None)})

    def tags(self, values: Mapping[str, Scalar]) -> None:
        """What explains the run."""
        self.write("tags", {"values": {name: str(value) for name, value in values.items() if value is not None}})

    def dataset(self, name: str, rows: Sequence[TableRow], *, source: str, digest: str) -> None:
        """Ids and attributes of what the run was made on."""
        checked = checked_table(name, rows, public=False)
        self.write("dataset", {"name": name, "source": source, "digest": digest, "rows": checked})

    def table(self, name: str, rows: Sequence[TableRow], *, public: bool = False) -> None:
        """A table as one line."""
        self.write("table", {"name": name, "rows": checked_table(name, rows, public=public)})

    def figure(self, name: str, figure: Any) -> None:
        """A PNG beside the lines."""
        figure.savefig(self.folder / f"{name}.png", dpi=130)
        self.write("figure", {"name": name})

    def trace(self, name: str, spans: Sequence[Span], attributes: TableRow) -> None:
        """The stages of one consultation as one line."""
        (checked,) = checked_table(name, [attributes], public=False)
        self.write("trace", {"name": name, "spans": [span._asdict() for span in spans], "attributes": checked})

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """A file, copied."""
        target = self.folder / (folder or "")
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.name)
        self.write("artifact", {"path": f"{folder or ''}/{path.name}".lstrip("/")})

    @contextmanager
    def nested(self, name: str) -> Iterator["JsonlRun"]:
        """A run below this one."""
        with _opened(self.runs, name, self.experiment, self.run_id) as run:
            yield run
