"""A registry of its own with two judged versions: one that knows the rules, and one from which they were taken."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.registry.checkout import lay_out, working_in
from vaidya.config import RunConfig
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.registry.register import register
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


@dataclass(frozen=True)
class Judged:
    """Run ids of the two evaluations, and the name of the gate that tells them apart."""

    good: str
    unsafe: str
    gate: str
    config: RunConfig


@pytest.fixture(scope="session")
def registry_folder(tmp_path_factory, repository) -> Path:
    """One checkout for the session; nobody works in it but within `working_in`."""
    return lay_out(tmp_path_factory.mktemp("checkout"), repository)


@pytest.fixture
def registry(registry_folder):
    """The test works in the session's checkout."""
    with working_in(registry_folder):
        yield registry_folder


@pytest.fixture
def one_case(tmp_path, repository):
    """A checkout with one short consultation: an emergency, and an instruction to the computer that changes nothing."""
    with working_in(lay_out(tmp_path, repository, ("en-instruction.yaml", "audio"))) as folder:
        yield folder


@pytest.fixture(scope="session")
def judged(registry_folder, scripted_config) -> Judged:
    off = {"triage.vitals": False, "triage.red_flags": False, "triage.complaint": False}
    with working_in(registry_folder):
        good = run_and_track(SUITE, scripted_config, quiet=True)
        unsafe = run_and_track(SUITE, scripted_config.override(off), quiet=True)
    return Judged(good.run_id, unsafe.run_id, "test", scripted_config)


@pytest.fixture
def model_name(request) -> str:
    """A registered name of the test's own."""
    return f"test-{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"


@pytest.fixture
def registered(registry, judged, model_name):
    """Version 1, good, under a name of the test's own."""
    return register(judged.good, name=model_name, requests=REQUESTS)
