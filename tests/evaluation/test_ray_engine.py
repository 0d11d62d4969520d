"""Two actors, one of them killed: nothing is lost, and the outcomes are the local engine's."""

import os
import sys
from pathlib import Path

import pytest

from vaidya.config import load_profile
from vaidya.corpora import read_cases
from vaidya.evaluation.ray_engine import CaseWorker, run_on_ray
from vaidya.evaluation.run import Job, run_case
from vaidya.evaluation.selection import Selection
from vaidya.evaluation.suite import DatasetSpec
from vaidya.pipeline import Pipeline

ray = pytest.importorskip("ray")
VOLATILE = {"timings": True, "provenance": {"created_at"}}


class DiesOnce(CaseWorker):
    """Is killed with its third case in hand, once over all actors."""

    seen = 0

    def __call__(self, row):
        type(self).seen += 1
        marker = Path(os.environ["VAIDYA_TEST_MARKER"])
        if self.seen == 3 and not marker.exists():
            marker.touch()
            os._exit(1)
        return super().__call__(row)


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr("vaidya.evaluation.kept.repository_root", lambda: tmp_path)
    monkeypatch.setenv("VAIDYA_TEST_MARKER", str(tmp_path / "killed"))
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    config = load_profile("embedded").override({"note.writer": "extractive", "triage.model": False})
    cases = tuple(case for case in read_cases("cases") if case.turns)[:14]
    yield Job(Selection(DatasetSpec(name="cases"), cases), "vaidya", "english", config)
    ray.shutdown()


@pytest.mark.slow
def test_a_killed_actor_loses_nothing_and_changes_nothing(job, tmp_path):
    assert run_on_ray(job, actors=2, worker=DiesOnce) == len(job.cases)
    assert (tmp_path / "killed").exists(), "no actor was killed: the test shows nothing"
    assert len(list(job.folder.glob("*.json"))) == len(job.cases)
    local = Pipeline(job.config)
    for case in job.cases:
        there = run_case(case, job.entry, local, job.folder).record
        here = run_case(case, job.entry, local, tmp_path / "local").record
        assert there is not None
        assert here is not None
        assert there.model_dump(exclude=VOLATILE) == here.model_dump(exclude=VOLATILE)


@pytest.mark.slow
def test_finished_cases_are_not_run_again(job):
    run_on_ray(job, actors=1)
    assert run_on_ray(job, actors=1) == 0
