"""A registry of its own with two judged versions: one that knows the rules, and one from which they were taken."""

import json
from dataclasses import dataclass
from math import log

import pytest

from vaidya.config import RunConfig
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.registry.register import register
from vaidya.settings import settings
from vaidya.testing import make_transcript
from vaidya.tracking.evaluation import run_and_track

# What was said, with a model that says the same of everybody: seconds, and the rules decide.
SUITE = Suite(
    suite="registry-test",
    description="A dozen own cases by what was said.",
    datasets=(DatasetSpec(name="cases", entry="gold", limit=12),),
    scorers=("triage",),
)
REQUESTS = {
    "breathless": {"vitals": '{"spo2": 86, "respirations": 30}', "age": 54.0, "complaint": "breathless"},
    "refill": {"complaint": "needs more tablets", "age": 40.0, "sex": "female", "pregnant": False},
}
GATE = """
gate: test
description: under-triage on the dozen
checks:
  - {metric: under_triage, dataset: cases, bound: value, at_most: 0.3, min_n: 3, reason: rules must be on}
"""


@dataclass(frozen=True)
class Judged:
    """Run ids of the two evaluations, and the gate that tells them apart."""

    good: str
    unsafe: str
    gate: str
    config: RunConfig


@pytest.fixture(scope="session")
def scripted_config(tmp_path_factory) -> RunConfig:
    """Every engine scripted: nothing is downloaded, everything repeats."""
    folder = tmp_path_factory.mktemp("scripts")
    said = make_transcript(["I cannot catch my breath, even at rest."]).model_dump(mode="json")
    (folder / "speech.json").write_text(json.dumps({"*": said}))
    weighed = {word: log(share) for word, share in {"SEM": 0.7, "UR": 0.2, "ROUT": 0.06, "EM": 0.04}.items()}
    note = '{"t":"SEMI_URGENT","r":[],"s":["Cannot catch breath, even at rest"],"a":["Breathless at rest"]}'
    opening = [{"text": '{"t":"'}, {"text": "SEM", "alternatives": weighed}]
    (folder / "replies.json").write_text(json.dumps([{"text": note, "opening": opening}]))
    return RunConfig(
        profile="scripted",
        transcript={"backend": "scripted", "weights": str(folder / "speech.json")},
        acoustic={"backend": "scripted", "weights": None},
        llm={"backend": "scripted", "weights": None, "model": str(folder / "replies.json")},
        deploy={"max_concurrent": 2},
    )


@pytest.fixture(scope="session")
def registry(tmp_path_factory, repository):
    """An empty store for the whole session; `experiments/` of the checkout is not touched but for finished cases."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        patch.setenv("VAIDYA_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.setattr("vaidya.tracking.mlflow.artifact_folder", lambda: folder / "mlartifacts")
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def judged(registry, scripted_config) -> Judged:
    gate = registry / "gate.yaml"
    gate.write_text(GATE)
    off = {"triage.vitals": False, "triage.red_flags": False, "triage.complaint": False}
    good = run_and_track(SUITE, scripted_config, quiet=True)
    unsafe = run_and_track(SUITE, scripted_config.override(off), quiet=True)
    return Judged(good.run_id, unsafe.run_id, str(gate), scripted_config)


@pytest.fixture
def model_name(request) -> str:
    """A registered name of the test's own."""
    return request.node.name.replace("[", "-").replace("]", "").replace("/", "-")[:60]


@pytest.fixture
def registered(judged, model_name):
    """Version 1, good, under a name of the test's own."""
    return register(judged.good, name=model_name, requests=REQUESTS)
