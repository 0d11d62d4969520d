"""Trackers on stores of their own."""

import pytest

from vaidya.settings import settings
from vaidya.tracking.jsonl import JsonlTracker
from vaidya.tracking.mlflow import MlflowTracker


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A SQLite store with its schema laid down once: the migrations take seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


@pytest.fixture
def mlflow_store(store, tmp_path, monkeypatch):
    """Every mlflow call of the test goes to the session's store; artifacts to the test's folder."""
    monkeypatch.setenv("VAIDYA_TRACKING_URI", store)
    monkeypatch.setattr("vaidya.tracking.mlflow.artifact_folder", lambda: tmp_path / "mlartifacts")
    settings.cache_clear()
    yield store
    settings.cache_clear()


@pytest.fixture
def mlflow_tracker(mlflow_store):
    return MlflowTracker()


@pytest.fixture
def jsonl_tracker(tmp_path):
    return JsonlTracker(tmp_path / "runs")


@pytest.fixture(params=["mlflow_tracker", "jsonl_tracker"])
def tracker(request):
    """Each test runs against every tracker."""
    return request.getfixturevalue(request.param)
