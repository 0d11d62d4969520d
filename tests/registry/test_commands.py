"""The deployer's commands: what they print and how they exit."""

import json

import pytest
from typer.testing import CliRunner

from vaidya.cli import build, exit_code
from vaidya.errors import GateRefusedError
from vaidya.registry.register import register
from vaidya.registry.store import move_alias

pytestmark = pytest.mark.usefixtures("registry")
REQUESTS = {"written": {"complaint": "needs more tablets", "age": 40.0}}
TARGET = {
    "VAIDYA_SAGEMAKER_REGION": "ap-south-1",
    "VAIDYA_SAGEMAKER_ACCOUNT": "123456789012",
    "VAIDYA_SAGEMAKER_BUCKET": "clinic-vaidya",
    "VAIDYA_SAGEMAKER_ROLE": "arn:aws:iam::123456789012:role/vaidya",
    "VAIDYA_SAGEMAKER_IMAGE": "123456789012.dkr.ecr.ap-south-1.amazonaws.com/vaidya:1",
}


def run(*arguments: str):
    return CliRunner().invoke(build(), list(arguments))


def test_promote_prints_the_decision_and_a_refusal_exits_3(judged, model_name):
    good = register(judged.good, name=model_name, requests=REQUESTS)
    unsafe = register(judged.unsafe, name=model_name, requests=REQUESTS)
    done = run("promote", good.uri, "--gate", judged.gate, "--json")
    assert (done.exit_code, json.loads(done.stdout)["gate"]["passed"]) == (0, True)
    refused = run("promote", unsafe.uri, "--gate", judged.gate)
    assert isinstance(refused.exception, GateRefusedError)
    assert exit_code(refused.exception) == 3
    assert run("audit", "--name", model_name).exit_code == 0
    move_alias(model_name, "champion", unsafe.number)
    found = run("audit", "--name", model_name, "--json")
    assert (found.exit_code, [f["kind"] for f in json.loads(found.stdout)]) == (1, ["alias"])


def test_a_registry_without_models_is_clean():
    assert run("audit", "--name", "nothing-here").exit_code == 0


def test_a_dry_run_shows_requests_and_policies_and_asks_aws_nothing(judged, model_name, monkeypatch):
    made = register(judged.good, name=model_name, requests=REQUESTS)
    for name, value in TARGET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("vaidya.deploy.sagemaker.aws.connect", lambda region: pytest.fail("AWS was asked"))
    shown = json.loads(run("deploy", "sagemaker", "--model", made.uri, "--async", "--dry-run").stdout)
    assert shown["create_model"]["PrimaryContainer"]["Image"] == TARGET["VAIDYA_SAGEMAKER_IMAGE"]
    assert "AsyncInferenceConfig" in shown["create_endpoint_config"]
    assert shown["policies"].keys() == {"deployer", "execution_role", "execution_role_trust", "caller"}
    realtime = run("deploy", "sagemaker", "--model", made.uri, "--realtime", "--instance", "ml.g6.xlarge", "--dry-run")
    variant = json.loads(realtime.stdout)["create_endpoint_config"]["ProductionVariants"][0]
    assert variant["InstanceType"] == "ml.g6.xlarge"
