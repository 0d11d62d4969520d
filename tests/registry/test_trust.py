"""No road to `champion` but the gate: not through `previous`, not through plain MLflow, not through a changed tag."""

import json
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from tests.registry.checkout import working_in
from vaidya.errors import ArtifactError, ConfigError, DataError
from vaidya.registry import evaluation_run_of, ledger
from vaidya.registry.audit import audit, repair
from vaidya.registry.promote import Override, judge, promote, rollback
from vaidya.registry.register import register
from vaidya.registry.store import MANIFEST_TAG, alias, aliases, version
from vaidya.tracking.evaluation import stored_evaluation
from vaidya.tracking.mlflow import client

pytestmark = pytest.mark.usefixtures("registry")
REQUESTS = {"refill": {"complaint": "needs more tablets", "age": 40.0, "sex": "female", "pregnant": False}}
REASON = "the clinic's only server is down and this one was reviewed by hand"


def with_champion(judged, name):
    """Version 1, good and champion; version 2, unsafe and never promoted. Gives version 1."""
    promote(register(judged.good, name=name, requests=REQUESTS).uri, gate=judged.gate)
    register(judged.unsafe, name=name, requests=REQUESTS)
    return version(f"{name}/1")


@pytest.fixture(scope="module")
def champion(registry_folder, judged):
    """For tests that leave champion and previous, versions, tags and evaluations as they found them."""
    with working_in(registry_folder):
        return with_champion(judged, "shared")


@pytest.fixture
def own_champion(registry, judged, model_name):
    """For tests that do not."""
    return with_champion(judged, model_name)


def guarded(name: str) -> tuple[str | None, str | None]:
    return alias(name, "champion"), alias(name, "previous")


def wrong(name: str) -> list[str]:
    return sorted(finding.kind for finding in audit(name) if finding.wrong)


@pytest.mark.parametrize("which", ["previous", "Previous", "CHAMPION"])
def test_a_guarded_alias_cannot_be_pointed_by_hand(champion, which):
    with pytest.raises(ConfigError, match="by promotion through the gate only"):
        promote(f"{champion.name}/2", to=which)
    assert guarded(champion.name) == ("1", None)


def test_another_alias_needs_no_gate(champion):
    promote(f"{champion.name}/2", to="staging")
    assert alias(champion.name, "staging") == "2"
    assert wrong(champion.name) == []


@pytest.mark.parametrize("which", ["previous", "champion"])
def test_an_alias_moved_with_plain_mlflow_is_not_laundered(champion, judged, which):
    client().set_registered_model_alias(champion.name, which, "2")
    for attempt in (
        lambda: rollback(champion.name),
        lambda: promote(champion.uri, gate=judged.gate),
        lambda: promote(f"{champion.name}/2", to="staging"),
    ):
        with pytest.raises(ConfigError, match=r"vaidya audit .*--repair"):
            attempt()
    assert wrong(champion.name) == ["alias"]
    repair(champion.name)
    assert guarded(champion.name) == ("1", None)
    last = ledger.decisions(champion.name)[-1]
    assert last.action == "repair"
    assert f"{which!r} points to 2" in last.because
    assert wrong(champion.name) == []
    assert repair(champion.name) is None


def test_nothing_that_never_was_champion_is_rolled_back_to(own_champion):
    """A ledger in which somebody recorded `previous` without a gate."""
    ledger.record(own_champion.name, "promote", "2", {"previous": "2"})
    repair(own_champion.name)
    with pytest.raises(ConfigError, match="never was champion"):
        rollback(own_champion.name)
    assert guarded(own_champion.name) == ("1", "2")


def test_a_number_that_is_used_again_does_not_inherit_what_was_decided():
    def decision(sequence, action, number, moved=None):
        return ledger.Decision(
            sequence=sequence, model="m", action=action, version=number, aliases=moved or {}, at="now"
        )

    made = [decision(1, "register", "1"), decision(2, "promote", "1", {"champion": "1"})]
    assert ledger.champions(made) == {"1"}
    assert ledger.champions([*made, decision(3, "register", "1")]) == set()


def test_the_champion_to_compare_with_is_the_ledgers(champion, judged):
    """With `champion` moved away in MLflow there would be no paired check."""
    against = "against: [{metric: under_triage, dataset: cases, margin: 0.5, reason: x}]"
    Path("eval/gates/paired.yaml").write_text(Path("eval/gates/test.yaml").read_text() + against)
    client().delete_registered_model_alias(champion.name, "champion")
    try:
        results = judge(version(f"{champion.name}/2"), "paired").results
        assert "under_triage minus champion" in {result.metric for result in results}
        assert evaluation_run_of(f"{champion.name}@champion") == judged.good
    finally:
        repair(champion.name)


def test_a_registry_that_does_not_answer_is_not_a_registry_without_a_champion(champion, judged, monkeypatch):
    def silent(*_):
        raise MlflowException("timed out")

    monkeypatch.setattr("mlflow.MlflowClient.get_registered_model", silent)
    monkeypatch.setattr("mlflow.MlflowClient.get_model_version_by_alias", silent)
    for attempt in (
        lambda: alias(champion.name, "champion"),
        lambda: version(f"{champion.name}@challenger"),
        lambda: promote(f"{champion.name}/2", gate=judged.gate),
    ):
        with pytest.raises(MlflowException, match="timed out"):
            attempt()


def test_an_alias_of_nothing_points_nowhere(champion):
    assert alias(champion.name, "nothing") is None
    assert alias("no-such-model", "champion") is None


@pytest.mark.parametrize("tag", ["evaluation_run", MANIFEST_TAG])
def test_a_changed_tag_is_refused_and_found(champion, judged, tag):
    value = judged.good if tag == "evaluation_run" else "0" * 64
    before = version(f"{champion.name}/2").tags[tag]
    client().set_model_version_tag(champion.name, "2", tag, value)
    try:
        with pytest.raises(ArtifactError, match=tag):
            promote(f"{champion.name}/2", gate=judged.gate, override=Override("Dr Rao", REASON))
        assert "binding" in wrong(champion.name)
    finally:
        client().set_model_version_tag(champion.name, "2", tag, before)


def test_a_changed_evaluation_is_refused_and_found(champion, judged):
    """The unsafe version's rows are replaced by the good one's, where the store keeps them."""
    folders = [
        Path(client().get_run(run).info.artifact_uri.removeprefix("file://")) for run in (judged.good, judged.unsafe)
    ]
    good, unsafe = (folder / "evaluation" / "rows.jsonl" for folder in folders)
    before = unsafe.read_bytes()
    unsafe.write_bytes(good.read_bytes())
    try:
        with pytest.raises(ArtifactError, match="evaluation"):
            promote(f"{champion.name}/2", gate=judged.gate, override=Override("Dr Rao", REASON))
        assert wrong(champion.name) == ["binding"]
    finally:
        unsafe.write_bytes(before)
    assert wrong(champion.name) == []


def test_a_version_that_no_decision_registered_is_refused_and_found(champion, judged):
    """A copy of the good version with all its tags, made with plain MLflow."""
    row = client().get_model_version(champion.name, "1")
    client().create_model_version(champion.name, source=row.source, tags=row.tags, description=row.description)
    with pytest.raises(ArtifactError, match="no decision registered"):
        promote(f"{champion.name}/3", gate=judged.gate, override=Override("Dr Rao", REASON))
    assert wrong(champion.name) == ["binding"]
    client().delete_model_version(champion.name, "3")


def test_only_a_declared_gate_leads_to_champion_and_its_file_is_recorded(champion, judged, tmp_path):
    lenient = tmp_path / "lenient.yaml"
    lenient.write_text(Path("eval/gates/test.yaml").read_text().replace("0.3", "1.0"))
    for name in (str(lenient), f"../../../{lenient.relative_to('/').with_suffix('')}"):
        with pytest.raises(ConfigError, match="eval/gates"):
            promote(f"{champion.name}/2", gate=name)
    decided = next(d.gate for d in ledger.decisions(champion.name) if d.gate)
    digest = sha256(Path("eval/gates/test.yaml").read_bytes()).hexdigest()
    assert decided.gate_sha256 == digest


def test_a_gate_that_was_changed_since_is_noted(champion):
    gate = Path("eval/gates/test.yaml")
    before = gate.read_text()
    gate.write_text(before.replace("0.3", "0.2"))
    try:
        notes = [finding for finding in audit(champion.name) if finding.kind == "gate"]
    finally:
        gate.write_text(before)
    assert [(note.wrong, "version 1" in note.what) for note in notes] == [(False, True)]
    assert not [finding for finding in audit(champion.name) if finding.kind == "gate"]


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_decision_that_was_interrupted_is_carried_out_by_repair(judged, own_champion, monkeypatch, moves):
    """The process ends after none, one or both of the two aliases were moved."""
    name = own_champion.name
    second = register(judged.good, name=name, requests=REQUESTS)
    done = []

    def until_killed(_, which, number):
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(which)
        client().set_registered_model_alias(name, which, number)

    with monkeypatch.context() as patch:
        patch.setattr("vaidya.registry.promote.move_alias", until_killed)
        with pytest.raises(KeyboardInterrupt):
            promote(second.uri, gate=judged.gate)
    assert done == ["previous", "champion"][:moves]
    repair(name)
    assert aliases(name) == {"champion": "3", "previous": "1"}
    assert wrong(name) == []
    assert rollback(name).version == "1"


def test_a_decision_whose_writing_was_interrupted_is_no_decision(champion, monkeypatch):
    before = ledger.decisions(champion.name)
    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.log_text", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            promote(f"{champion.name}/2", to="staging")
    assert ledger.decisions(champion.name) == before
    assert wrong(champion.name) == []


def test_decisions_at_the_same_moment_follow_one_another(champion, judged):
    """A local store is locked: each waits for the one before, and the chain holds."""
    failed = []

    def decide(which):
        try:
            promote(f"{champion.name}/2", to=which)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=decide, args=(f"stage-{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert {f"stage-{i}" for i in range(4)} <= aliases(champion.name).keys()
    assert wrong(champion.name) == []


def test_a_rival_on_a_store_without_a_lock_makes_a_decision_withdraw(champion, monkeypatch):
    """Somebody else writes between our reading of the ledger and our writing."""
    stale = ledger.decisions(champion.name)
    ledger.record(champion.name, "promote", "2", {"challenger": "2"})
    after = ledger.decisions(champion.name)
    read = iter([stale])
    real = ledger.decisions
    with monkeypatch.context() as patch:
        patch.setattr("vaidya.registry.ledger.decisions", lambda name: next(read, None) or real(name))
        with pytest.raises(ConfigError, match="at the same moment"):
            ledger.record(champion.name, "promote", "1", {"staging": "1"})
    assert ledger.decisions(champion.name) == after
    assert ledger.broken_links(after) == []


def test_an_older_ledger_stays_readable_and_says_how_to_go_on(judged, model_name, monkeypatch):
    """Before decisions named manifests and evaluations; its digests were made over what was written then."""
    name = model_name
    with monkeypatch.context() as patch:
        patch.setattr("vaidya.registry.register.bind", lambda *_: None)
        older = register(judged.good, name=name, requests=REQUESTS)
    assert [(f.kind, f.wrong) for f in audit(name)] == [("binding", False)]
    with pytest.raises(ConfigError, match=r"vaidya promote .* --override"):
        promote(older.uri, gate=judged.gate)
    made = promote(older.uri, gate=judged.gate, override=Override("Dr Rao", REASON))
    assert (made.action, made.gate.passed, made.bound.evaluation_run) == ("override", True, judged.good)
    assert wrong(name) == []
    assert promote(register(judged.good, name=name, requests=REQUESTS).uri, gate=judged.gate).action == "promote"
    assert rollback(name).version == "1"


def test_the_digests_of_an_older_ledger_still_hold():
    first = {"sequence": 1, "model": "m", "action": "register", "version": "1", "aliases": {"challenger": "1"}}
    first |= {"gate": None, "by": None, "because": None, "at": "2025-01-01T00:00:00+00:00", "previous": None}
    digest = sha256(json.dumps(first, sort_keys=True).encode()).hexdigest()
    second = first | {"sequence": 2, "action": "promote", "previous": digest}
    second["gate"] = {"gate": "g", "passed": True, "results": []}
    made = [ledger.Decision.model_validate_json(json.dumps(row)) for row in (first, second)]
    assert ledger.broken_links(made) == []
    first["version"] = "2"
    assert ledger.broken_links([ledger.Decision.model_validate_json(json.dumps(first)), made[1]]) == [2]


def test_an_evaluation_that_is_gone_is_found(champion, monkeypatch):
    def gone(run_id):
        raise DataError(f"run {run_id!r} holds no evaluation")

    monkeypatch.setattr("vaidya.registry.binding.stored_evaluation", gone)
    assert wrong(champion.name) == ["binding", "binding"]


def test_what_an_evaluation_kept_has_a_digest(judged):
    one, other = stored_evaluation(judged.good), stored_evaluation(judged.unsafe)
    assert one.sha256 == stored_evaluation(judged.good).sha256 != other.sha256
