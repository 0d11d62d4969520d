"""The deployer's whole road with the real models of the embedded profile, on one short recording."""

import httpx
import pytest

from vaidya.config import load_profile
from vaidya.corpora import audio_path, read_cases
from vaidya.deploy.local import local_server
from vaidya.deploy.rehearse import ask_http, rehearse
from vaidya.errors import GateRefusedError
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.registry.audit import audit
from vaidya.registry.fingerprint import FINGERPRINT, parse
from vaidya.registry.model import DATA
from vaidya.registry.promote import promote, rollback
from vaidya.registry.register import register
from vaidya.registry.store import downloaded, version
from vaidya.schema import Tier, TranscriptState, TriageRecord
from vaidya.tracking.evaluation import run_and_track

pytestmark = [pytest.mark.weights, pytest.mark.slow]
NAME = "road"
CHAMPION = f"models:/{NAME}@champion"
SUITE = Suite(suite="road", description="One case.", datasets=(DatasetSpec(name="cases"),), scorers=("triage",))
GATE = """
gate: road
description: under-triage on the one case
checks:
  - {metric: under_triage, dataset: cases, bound: value, at_most: 0.0, reason: an emergency is not to wait}
"""
# No rule looks, and no model writes.
UNSAFE = {"triage.vitals": False, "triage.red_flags": False, "triage.complaint": False, "note.writer": "extractive"}
VITALS_ONLY = {"vitals": {"vitals": '{"spo2": 86}', "age": 54.0}}


@pytest.mark.usefixtures("whisper_weights", "yamnet_weights")
def test_the_whole_road_with_real_models(one_case, llm_weights):
    (one_case / "eval" / "gates" / "road.yaml").write_text(GATE)
    # A busy machine is slow, not broken.
    config = load_profile("embedded").override(
        {"llm.weights": llm_weights.name, "llm.adapter": None, "llm.timeout_s": 600}
    )
    good = run_and_track(SUITE, config, quiet=True)
    unsafe = run_and_track(SUITE, config.override(UNSAFE), quiet=True)

    first = register(good.run_id, name=NAME)
    promote(first.uri, gate="road")
    with pytest.raises(GateRefusedError, match="under_triage"):
        promote(register(unsafe.run_id, name=NAME, requests=VITALS_ONLY).uri, gate="road")

    assert version(CHAMPION).number == first.number
    served()
    promote(register(good.run_id, name=NAME, requests=VITALS_ONLY).uri, gate="road")
    rollback(NAME)
    assert version(CHAMPION).number == first.number
    assert [finding for finding in audit(NAME) if finding.wrong] == []


def served() -> None:
    """The champion in a process of its own is given the recording, and answers as it did when it was registered."""
    (case,) = read_cases("cases")
    with downloaded(version(CHAMPION)) as folder:
        registered = parse((folder / DATA / FINGERPRINT).read_text())
    with local_server(CHAMPION) as address:
        sent = {"content": audio_path(case).read_bytes(), "headers": {"Content-Type": "audio/ogg"}}
        record = TriageRecord.model_validate_json(httpx.post(f"{address}/invocations", timeout=300, **sent).text)
        report = rehearse(ask_http(address), registered)
    heard = " ".join(segment.text for segment in record.transcript.segments).lower()
    assert record.transcript.state is TranscriptState.SPEECH
    assert "chest" in heard
    assert record.decision.tier is Tier.EMERGENCY
    assert [(replayed.case_id, replayed.differs) for replayed in report.replayed] == [(case.id, ())]
