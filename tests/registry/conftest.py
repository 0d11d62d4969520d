"""A registry of its own with two judged versions: one that knows the rules, and one from which they were taken."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import log
from pathlib import Path

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
    """Run ids of the two evaluations, and the name of the gate that tells them apart."""

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


@contextmanager
def checkout(folder: Path, repository: Path, cases: tuple[str, ...] = ("",)):
    """A checkout with an empty store and a gate of its own, worked in; the real one is not touched.

    cases: what is seen of `eval/cases/`; everything if nothing is named.
    """
    judgement = (f"eval/{path.name}" for path in (repository / "eval").iterdir() if path.name not in ("cases", "gates"))
    seen = (f"eval/cases/{case}".rstrip("/") for case in cases)
    for name in ("pyproject.toml", "constraints.txt", *judgement, *seen):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).symlink_to(repository / name)
    for name in ("experiments", "eval/gates"):
        (folder / name).mkdir()
    (folder / "eval" / "gates" / "test.yaml").write_text(GATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # For servers, which are started from other folders.
        patch.setenv("VAIDYA_TRACKING_URI", f"sqlite:///{folder / 'experiments' / 'mlflow.db'}")
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def registry(tmp_path_factory, repository):
    """A checkout for the whole session."""
    with checkout(tmp_path_factory.mktemp("checkout"), repository) as folder:
        yield folder


@pytest.fixture
def one_case(tmp_path, repository):
    """A checkout with one short consultation: an emergency, and an instruction to the computer that changes nothing."""
    with checkout(tmp_path, repository, ("en-instruction.yaml", "audio")) as folder:
        yield folder


@pytest.fixture(scope="session")
def judged(registry, scripted_config) -> Judged:
    off = {"triage.vitals": False, "triage.red_flags": False, "triage.complaint": False}
    good = run_and_track(SUITE, scripted_config, quiet=True)
    unsafe = run_and_track(SUITE, scripted_config.override(off), quiet=True)
    return Judged(good.run_id, unsafe.run_id, "test", scripted_config)


@pytest.fixture
def model_name(request) -> str:
    """A registered name of the test's own."""
    return f"test-{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"


@pytest.fixture
def registered(judged, model_name):
    """Version 1, good, under a name of the test's own."""
    return register(judged.good, name=model_name, requests=REQUESTS)
