"""The deployer's commands, in the order in which they are typed, against an account in memory."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from tests.deploy.conftest import ACCOUNT, BUCKET, REGION
from tests.registry.checkout import lay_out, working_in
from vaidya.cli import build
from vaidya.deploy.launch import container, served, verified_folder
from vaidya.deploy.suite import suite_cases
from vaidya.errors import ArtifactError, ConfigError, GateRefusedError
from vaidya.evaluation.suite import load_suite
from vaidya.registry.promote import promote
from vaidya.registry.register import register
from vaidya.registry.store import MANIFEST_TAG
from vaidya.settings import settings
from vaidya.tracking.evaluation import run_and_track

SUITE = """
suite: typed
description: Some own cases by what was typed.
datasets: [{name: cases, entry: complaint, limit: 4}]
scorers: [triage]
"""
GATE = """
gate: lenient
description: anything that was judged
checks: [{metric: under_triage, dataset: cases, bound: value, at_most: 1.0, max_unscored: 4, reason: a test}]
"""
REQUESTS = {"sick": {"vitals": '{"spo2": 86, "respirations": 30}', "complaint": "breathless"}}
NAME = "vaidya-commands"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, repository):
    return lay_out(tmp_path_factory.mktemp("checkout"), repository)


@pytest.fixture(scope="module")
def files(folder):
    """Where gates are declared: no other leads to champion."""
    gates = folder / "eval" / "gates"
    (gates / "suite.yaml").write_text(SUITE)
    (gates / "gate.yaml").write_text(GATE)
    return gates


@pytest.fixture(scope="module")
def made(folder, scripted_config, files):
    """A registered version that nobody promoted yet."""
    with working_in(folder):
        run = run_and_track(load_suite(str(files / "suite.yaml")), scripted_config, quiet=True)
        return register(run.run_id, name=NAME, requests=REQUESTS)


@pytest.fixture(autouse=True)
def in_checkout(folder):
    with working_in(folder):
        yield


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VAIDYA_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    yield tmp_path / "cache"
    settings.cache_clear()


@pytest.fixture
def command(account, monkeypatch, target):
    """Runs `vaidya …`; gives what it printed."""
    values = {"REGION": REGION, "ACCOUNT": ACCOUNT, "BUCKET": BUCKET, "ROLE": target.role, "IMAGE": target.image}
    for name, value in values.items():
        monkeypatch.setenv(f"VAIDYA_SAGEMAKER_{name}", value)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(build(), list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.stdout

    return run


def test_the_commands_of_a_deployment(command, account, made, files):
    with pytest.raises(GateRefusedError, match="never promoted"):
        command("deploy", "sagemaker", "--model", made.uri, "--realtime")
    shown = json.loads(command("deploy", "sagemaker", "--model", made.uri, "--dry-run"))
    assert set(shown["policies"]) == {"deployer", "execution_role", "execution_role_trust", "caller"}
    assert not any(account.holds().values())

    promote(made.uri, gate=str(files / "gate.yaml"))
    deploy = ("deploy", "sagemaker", "--model", made.uri, "--realtime")
    assert f"({made.uri})" in command(*deploy)
    first = json.loads(command("deploy", "status"))
    assert (first["status"], first["tags"]["vaidya:version"]) == ("InService", made.number)

    vitals = ("--vitals", '{"spo2": 86, "respirations": 30}')
    patient = ("--age", "30", "--sex", "female", "--pregnant", "--complaint", "breathless")
    record = json.loads(command("deploy", "invoke", *vitals, *patient))
    assert record["decision"]["tier"] == "EMERGENCY"
    assert (record["patient"]["age"], record["patient"]["sex"], record["patient"]["pregnant"]) == (30.0, "female", True)

    report = json.loads(command("rehearse", "vaidya", "--model", made.uri, "--usd-per-hour", "3600", "--json"))
    assert report["same"]
    assert report["cost_per_consultation"] == pytest.approx(report["replayed"][0]["seconds"])
    assert "answered 1 of 1" in command("rehearse", "vaidya", "--model", made.uri)
    replayed = ("rehearse", "vaidya", "--model", made.uri, "--suite", str(files / "suite.yaml"), "--json")
    whole = json.loads(command(*replayed))
    assert (len(whole["replayed"]), whole["left_out"]) == (3, 1)  # of one case nothing was typed

    account.aws.sagemaker.add_tags(ResourceArn=arn("endpoint/vaidya"), Tags=[{"Key": "clinic", "Value": "vellore"}])
    command(*deploy, "--async", "--instance", "ml.g6.xlarge")
    second = json.loads(command("deploy", "status"))
    assert (second["instance_type"], second["tags"]["clinic"]) == ("ml.g6.xlarge", "vellore")
    assert second["earlier"] == [first["configuration"]]
    assert json.loads(command("deploy", "invoke", *vitals))["decision"]["tier"] == "EMERGENCY"
    assert first["configuration"] in command("deploy", "rollback")
    assert json.loads(command("deploy", "status"))["configuration"] == first["configuration"]

    assert "removed endpoint vaidya" in command("deploy", "delete", "--yes")
    assert not any(account.holds().values())


def arn(resource: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{resource}"


def test_a_second_endpoint_is_named_on_the_command_line(command, account, made):
    command("deploy", "sagemaker", "--model", made.uri, "--realtime", "--force")
    command("deploy", "sagemaker", "--model", made.uri, "--async", "--endpoint", "vaidya-long", "--force")
    asked = []
    account.aws.runtime.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    both = ("--async-endpoint", "vaidya-long")
    record = json.loads(command("deploy", "invoke", *both, "--complaint", "needs more tablets"))
    assert record["complaint"] == "needs more tablets"
    assert json.loads(command("rehearse", "vaidya", *both, "--model", made.uri, "--json"))["same"]


def test_a_rehearsal_that_differs_exits_one(command, made, monkeypatch):
    from vaidya.cli import deploy as commands

    registered = commands.registered_cases

    def other(model):
        cases, config = registered(model)
        return [case.model_copy(update={"answer": {**case.answer, "tier": "ROUTINE"}}) for case in cases], config

    command("deploy", "sagemaker", "--model", made.uri, "--realtime", "--force")
    monkeypatch.setattr(commands, "registered_cases", other)
    assert "tier" in command("rehearse", "vaidya", "--model", made.uri, code=1)


def test_a_suite_that_did_not_judge_the_version_has_nothing_to_compare(made):
    with pytest.raises(ConfigError, match="nothing to compare"):
        suite_cases("smoke", made)


def test_a_model_is_kept_once_for_each_manifest(made, cache):
    """A server outlives the process that downloaded its files; starting it again leaves no second copy."""
    folder = served(made)
    assert folder == served(made) == verified_folder(made.uri)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert folder.name == made.tags[MANIFEST_TAG][:32]
    shutil.rmtree(folder / "code")
    assert (served(made) / "code").is_dir()


def test_nobody_vouches_for_a_folder_without_a_digest(made, cache, capsys, monkeypatch):
    folder = str(served(made))
    monkeypatch.delenv("VAIDYA_MANIFEST_SHA256", raising=False)
    verified_folder(folder)
    assert "nobody vouches" in capsys.readouterr().err
    verified_folder(folder, made.tags[MANIFEST_TAG])
    assert capsys.readouterr().err == ""
    with pytest.raises(ArtifactError):
        verified_folder(folder, "0" * 64)


def test_the_container_serves_nothing_that_nobody_vouches_for(made, cache, monkeypatch):
    folder = served(made)
    started = []
    monkeypatch.setattr("os.execve", lambda *line: started.append(line))
    monkeypatch.setattr("sys.argv", ["launch", "serve"])
    monkeypatch.delenv("VAIDYA_MANIFEST_SHA256", raising=False)
    with pytest.raises(ConfigError, match="VAIDYA_UNVERIFIED=1"):
        container(folder)
    monkeypatch.setenv("VAIDYA_UNVERIFIED", "1")
    container(folder)
    monkeypatch.delenv("VAIDYA_UNVERIFIED")
    monkeypatch.setenv("VAIDYA_MANIFEST_SHA256", made.tags[MANIFEST_TAG])
    container(folder)
    assert len(started) == 2


def test_a_version_that_was_refused_afterwards_is_not_deployed(command, made, files):
    promote(made.uri, gate=str(files / "gate.yaml"))
    strict = files / "strict.yaml"
    strict.write_text(GATE.replace("max_unscored: 4", "max_unscored: 0").replace("lenient", "strict"))
    with pytest.raises(GateRefusedError):
        promote(made.uri, gate=str(strict))
    with pytest.raises(GateRefusedError, match="refused by the gate"):
        command("deploy", "sagemaker", "--model", made.uri, "--realtime")
