"""Rows and records -> a run that can be found again: MLflow, or plain JSON lines for tests.

Goes in: parameters, at most 60 metrics, tags, datasets, tables, figures and files of one run. Comes out: a run id.
Patient words never go in: tables carry ids and numbers (`base.checked_table`).
"""

import shlex
import sys

from vaidya.backends import resolve
from vaidya.tracking.base import Run, Tracker

TRACKERS = {
    "mlflow": "vaidya.tracking.mlflow:MlflowTracker",
    "jsonl": "vaidya.tracking.jsonl:JsonlTracker",
}

__all__ = ["TRACKERS", "Run", "Tracker", "tracker", "ui_command"]


def tracker(name: str = "mlflow") -> Tracker:
    """The tracker of that name, on this checkout's own store.

    Raises:
        UnknownBackendError: there is none of that name. BackendMissingError: its library is not installed.
    """
    return resolve(TRACKERS, name)()


def ui_command(port: int = 5000) -> str:
    """The shell command that shows every run in a browser on this machine alone."""
    from vaidya.tracking.mlflow import artifact_folder, tracking_uri

    words = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--backend-store-uri", tracking_uri(), "--artifacts-destination", str(artifact_folder())]
    return shlex.join(words)
