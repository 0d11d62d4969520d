"""Register, judge, promote, roll back, audit: what moves, what is refused, what is recorded."""

import json
import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from vaidya.errors import ArtifactError, ConfigError, DataError, GateRefusedError
from vaidya.pipeline import Pipeline
from vaidya.registry import evaluation_run_of, ledger, load
from vaidya.registry.audit import audit
from vaidya.registry.build import requirements
from vaidya.registry.fingerprint import FINGERPRINT, answer, differing, parse
from vaidya.registry.model import DATA, canonical, read_config
from vaidya.registry.promote import Override, promote, rollback
from vaidya.registry.register import register
from vaidya.registry.request import FIELDS, intake_of
from vaidya.registry.store import MANIFEST_TAG, alias, downloaded, version
from vaidya.tracking.mlflow import client

pytestmark = pytest.mark.usefixtures("registry")
REQUESTS = {
    "breathless": {"vitals": '{"spo2": 86, "respirations": 30}', "age": 54.0, "complaint": "breathless"},
    "refill": {"complaint": "needs more tablets", "age": 40.0, "sex": "female", "pregnant": False},
}
REASON = "the clinic's only server is down and this one was reviewed by hand"


def test_a_version_carries_what_was_judged(registered, judged):
    assert registered.aliases == ("challenger",)
    assert registered.tags["evaluation_run"] == judged.good
    assert {
        "git_commit",
        "dirty",
        "package_digest",
        "lock_digest",
        "data_digest",
        MANIFEST_TAG,
    } <= registered.tags.keys()
    for words in ("Decision support", "How it was judged", "under_triage", "Not for", registered.tags["git_commit"]):
        assert words in registered.description
    with downloaded(registered) as folder:
        assert read_config(folder / DATA).digest == judged.config.digest
        assert (folder / "code" / "vaidya" / "pipeline.py").is_file()
        assert (folder / DATA / "prompts").is_dir()
        pinned = (folder / "requirements.txt").read_text().split()
        assert all("==" in line for line in pinned)
        assert {case.case_id for case in parse((folder / DATA / FINGERPRINT).read_text())} == REQUESTS.keys()


def test_the_signature_has_every_field_of_a_request(registered, tmp_path):
    model = load(registered.uri, tmp_path)
    assert tuple(model.metadata.get_input_schema().input_names()) == FIELDS
    assert model.metadata.get_output_schema().input_names() == ["record", "error_code", "error_message"]


def test_the_model_gives_the_record_that_the_pipeline_gives(registered, judged, tmp_path):
    """MLflow's own loader and ours, row by row; a row that cannot be used does not lose the others."""
    rows = [*REQUESTS.values(), {"vitals": '{"spo2": 140}'}]
    here = Pipeline(judged.config)
    expected = [canonical(here.run(intake_of(row, judged.config.audio)).model_dump_json()) for row in rows[:-1]]
    frame = pd.DataFrame(rows)
    for model in (mlflow.pyfunc.load_model(f"models:/{registered.name}@challenger"), load(registered.uri, tmp_path)):
        found = model.predict(frame)
        assert [canonical(text) for text in found["record"][:-1]] == expected
        assert list(found["error_code"]) == [None, None, "VITALS"]


def test_code_that_was_not_judged_is_not_registered(judged, monkeypatch):
    monkeypatch.setattr("vaidya.provenance.package_digest", lambda: "other")
    with pytest.raises(ConfigError, match="not the code that run"):
        register(judged.good, name="never", requests=REQUESTS)


def test_a_run_that_is_no_evaluation_is_not_registered():
    with pytest.raises(DataError):
        register("0" * 32, name="never", requests=REQUESTS)


def test_a_good_version_becomes_champion_and_the_old_one_previous(registered, judged):
    made = promote(registered.uri, gate=judged.gate)
    assert (made.action, made.gate.passed) == ("promote", True)
    assert (alias(registered.name, "champion"), alias(registered.name, "challenger")) == ("1", None)
    second = register(judged.good, name=registered.name, requests=REQUESTS)
    promote(second.uri, gate=judged.gate)
    assert (alias(registered.name, "champion"), alias(registered.name, "previous")) == ("2", "1")
    assert evaluation_run_of(f"{registered.name}@champion") == judged.good
    assert rollback(registered.name).action == "rollback"
    assert (alias(registered.name, "champion"), alias(registered.name, "previous")) == ("1", None)
    with pytest.raises(ConfigError, match="no previous"):
        rollback(registered.name)
    assert audit(registered.name) == []


def test_an_unsafe_version_is_refused_and_the_refusal_is_recorded(registered, judged):
    promote(registered.uri, gate=judged.gate)
    unsafe = register(judged.unsafe, name=registered.name, requests=REQUESTS)
    with pytest.raises(GateRefusedError, match="under_triage"):
        promote(unsafe.uri, gate=judged.gate)
    assert alias(registered.name, "champion") == "1"
    last = ledger.decisions(registered.name)[-1]
    assert (last.action, last.version, last.gate.passed) == ("refuse", "2", False)
    assert "under_triage" in version(unsafe.uri).tags["gate_failures"]
    assert audit(registered.name) == []


def test_an_override_needs_a_name_and_a_reason_and_is_marked_for_good(judged, model_name):
    unsafe = register(judged.unsafe, name=model_name, requests=REQUESTS)
    for by, because in (("", REASON), ("Dr Rao", "soon")):
        with pytest.raises(ConfigError, match="override needs"):
            Override(by, because)
    made = promote(unsafe.uri, gate=judged.gate, override=Override("Dr Rao", REASON))
    assert (made.action, made.by, made.because) == ("override", "Dr Rao", REASON)
    assert version(unsafe.uri).tags["overridden_by"] == "Dr Rao"
    findings = audit(model_name)
    assert [(f.kind, f.wrong) for f in findings] == [("override", False)]


def test_an_override_does_not_help_a_changed_artifact(registered, judged):
    damage(registered)
    with pytest.raises(ArtifactError):
        promote(registered.uri, gate=judged.gate, override=Override("Dr Rao", REASON))
    assert alias(registered.name, "champion") is None


def damage(found) -> None:
    """Change one file where the store keeps it."""
    folder = Path(client().get_model_version_download_uri(found.name, found.number).removeprefix("file://"))
    (folder / DATA / "config.json").write_text("{}")


def test_audit_finds_an_alias_that_was_moved_with_plain_mlflow(registered, judged):
    promote(registered.uri, gate=judged.gate)
    register(judged.unsafe, name=registered.name, requests=REQUESTS)
    assert audit(registered.name) == []
    client().set_registered_model_alias(registered.name, "champion", "2")
    findings = audit(registered.name)
    assert [f.kind for f in findings] == ["alias"]
    assert "'champion' points to 2, but the decisions point it to 1" in findings[0].what


def test_audit_finds_a_changed_file_and_a_missing_card(registered):
    damage(registered)
    client().update_model_version(registered.name, registered.number, description="")
    assert {finding.kind for finding in audit(registered.name)} == {"artifact", "card"}


def test_audit_finds_a_version_that_was_registered_behind_its_back(registered):
    source = client().get_model_version(registered.name, "1").source
    client().create_model_version(registered.name, source=source)
    assert {f.kind for f in audit(registered.name)} == {"artifact", "binding", "card"}
    with pytest.raises(ArtifactError, match="no decision registered"):
        promote(f"{registered.name}/2", to="challenger")


def test_audit_finds_a_decision_that_was_removed(registered, judged):
    promote(registered.uri, gate=judged.gate)
    second = register(judged.good, name=registered.name, requests=REQUESTS)
    promote(second.uri, gate=judged.gate)
    runs = client().search_runs(
        [client().get_experiment_by_name("registry").experiment_id],
        f"tags.model = '{registered.name}' and tags.kind = 'decision' and tags.sequence = '2'",
    )
    client().delete_run(runs[0].info.run_id)
    assert "ledger" in {finding.kind for finding in audit(registered.name)}


def test_requirements_are_pinned_by_the_lock(judged):
    pinned = requirements(judged.config)
    assert all("==" in line for line in pinned)
    names = {line.partition("==")[0].lower() for line in pinned}
    assert {"mlflow", "fastapi", "uvicorn", "pydantic"} <= names
    assert "torch" not in names


def test_an_answer_that_differs_says_where(judged):
    pipeline = Pipeline(judged.config)
    one = pipeline.run(intake_of(REQUESTS["breathless"], judged.config.audio))
    other = pipeline.run(intake_of(REQUESTS["refill"], judged.config.audio))
    assert differing(answer(one), answer(one)) == []
    assert differing(answer(one), answer(other))[0] == "tier"


def test_a_gate_that_checks_nothing_lets_nothing_through(registered):
    Path("eval/gates/empty.yaml").write_text("gate: empty\ndescription: nothing\nchecks: []\n")
    with pytest.raises(ConfigError, match="at least 1 item"):
        promote(registered.uri, gate="empty")
    assert alias(registered.name, "champion") is None


def test_the_newest_version_can_be_asked_for(registered):
    assert version(f"models:/{registered.name}/latest").number == "1"


def test_an_unknown_version_names_those_that_there_are(registered):
    with pytest.raises(ConfigError, match=r"registered versions of .*: 1"):
        version(f"models:/{registered.name}/7")


def test_a_copy_of_the_package_knows_its_commit(registered, tmp_path):
    """In another process, from another folder, with the copy first on the path."""
    import subprocess
    import sys

    with downloaded(registered) as folder:
        shutil.copytree(folder / "code", tmp_path / "code")
    code = "import json, vaidya.provenance as p; print(json.dumps([p.__file__, p.git_state()[0], p.version()]))"
    environment = {"PYTHONPATH": str(tmp_path / "code"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    where, commit, _ = json.loads(done.stdout)
    assert where.startswith(str(tmp_path))
    assert commit == registered.tags["git_commit"]
