"""An AWS account in memory (moto) whose endpoints run the archive that was uploaded, and can be made to fail once."""

import io
import json
import tarfile
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import moto.applicationautoscaling.models as scaling_models
import moto.sagemaker.models as sagemaker_models
import moto.sagemaker.responses as sagemaker_responses
import moto.sagemakerruntime.responses as runtime_responses
import pytest
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError

from vaidya.config import AudioConfig, DeployConfig, RunConfig
from vaidya.deploy.admission import Admission
from vaidya.deploy.app import create_app
from vaidya.deploy.sagemaker.aws import Aws, connect
from vaidya.deploy.sagemaker.plan import Plan, make_plan
from vaidya.deploy.sagemaker.target import Target
from vaidya.deploy.sagemaker.watch import Waiting
from vaidya.pipeline import Pipeline
from vaidya.registry.fingerprint import rehearse_here
from vaidya.registry.manifest import verify, write_manifest
from vaidya.registry.model import CONFIG, DATA, read_config
from vaidya.registry.store import MANIFEST_TAG, Version

REGION, ACCOUNT, BUCKET = "us-east-1", "123456789012", "clinic-vaidya"
SICK = {"vitals": '{"spo2": 86, "respirations": 30}', "complaint": "breathless"}


@dataclass
class Account:
    """The clients, and a way to make one call fail. Endpoints that were told to come up as FAILED do so once.

    updates: what UpdateEndpoint was asked. full: one entry for each time that the server is to say QUEUE_FULL.
    """

    aws: Aws
    fail_next_endpoint: list[str] = field(default_factory=list)
    updates: list[dict] = field(default_factory=list)
    full: list[int] = field(default_factory=list)

    def fail_once(self, service: str, operation: str, code: str, *, after: bool = False) -> None:
        """The next call of an operation fails; with `after`, only on the way back: AWS has carried it out."""
        client = {
            "sagemaker": self.aws.sagemaker,
            "sagemaker-runtime": self.aws.runtime,
            "s3": self.aws.s3,
            "application-autoscaling": self.aws.autoscaling,
            "cloudwatch": self.aws.cloudwatch,
        }[service]
        event = f"{'after' if after else 'before'}-call.{service}.{operation}"
        left = [code]

        def fail(**_details):
            if left:
                error = {"Code": left.pop(), "Message": "injected"}
                raise ClientError({"Error": error, "OriginalMessage": "injected"}, operation)

        client.meta.events.register(event, fail)

    def holds(self) -> dict[str, object]:
        """Everything that a deployment can leave behind."""
        sagemaker = self.aws.sagemaker
        endpoints = [row["EndpointName"] for row in sagemaker.list_endpoints()["Endpoints"]]
        scaled = self.aws.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        objects = self.aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        alarms = self.aws.cloudwatch.describe_alarms()["MetricAlarms"]
        policies = self.aws.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        return {
            "models": sorted(row["ModelName"] for row in sagemaker.list_models()["Models"]),
            "configs": sorted(
                row["EndpointConfigName"] for row in sagemaker.list_endpoint_configs()["EndpointConfigs"]
            ),
            "endpoints": {n: sagemaker.describe_endpoint(EndpointName=n)["EndpointConfigName"] for n in endpoints},
            "archives": sorted(row["Key"] for row in objects if "/models/" in row["Key"]),
            "scaling": [(row["MinCapacity"], row["MaxCapacity"]) for row in scaled],
            "policies": sorted((row["PolicyName"], json.dumps(body(row), sort_keys=True)) for row in policies),
            "alarms": sorted(alarm["AlarmName"] for alarm in alarms if not alarm["AlarmName"].startswith("TargetTr")),
            "waiting": sorted(row["Key"] for row in objects if "/async/" in row["Key"]),
            "tags": {name: self.tags(f"endpoint/{name}") for name in endpoints},
        }

    def tags(self, resource: str) -> dict[str, str]:
        """The tags of `endpoint/NAME` and the like."""
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{resource}"
        return {tag["Key"]: tag["Value"] for tag in self.aws.sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def body(policy: dict) -> dict:
    """What a scaling policy does."""
    return policy.get("StepScalingPolicyConfiguration") or policy["TargetTrackingScalingPolicyConfiguration"]


@pytest.fixture
def account(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        made = Account(connect(REGION))
        _mend_moto(monkeypatch, made)
        made.aws.s3.create_bucket(Bucket=BUCKET)
        yield made


def _backend():
    return sagemaker_models.sagemaker_backends[ACCOUNT][REGION]


def _mend_moto(monkeypatch, account: Account) -> None:
    """moto 5.2: knows no g5 instance, cannot update an endpoint, answers invocations from a can."""
    monkeypatch.setattr(sagemaker_models.FakeEndpointConfig, "validate_instance_type", lambda _self, _type: None)
    responses = sagemaker_responses.SageMakerResponse
    for name in ("describe_model", "describe_endpoint_config", "describe_endpoint"):
        monkeypatch.setattr(responses, name, _without_empty(getattr(responses, name)))
    monkeypatch.setattr(responses, "update_endpoint", _update_endpoint(account), raising=False)
    monkeypatch.setattr(sagemaker_models.SageMakerModelBackend, "add_tags", _add_tags)
    backend = scaling_models.ApplicationAutoscalingBackend
    monkeypatch.setattr(backend, "deregister_scalable_target", _deregister(backend.deregister_scalable_target))
    created = responses.create_endpoint
    monkeypatch.setattr(responses, "create_endpoint", lambda self: _come_up(account, self, created(self)))
    servers: dict[str, TestClient] = {}
    runtime = runtime_responses.SageMakerRuntimeResponse
    monkeypatch.setattr(runtime, "invoke_endpoint", lambda self: _invoke(self, servers, account))
    monkeypatch.setattr(runtime, "invoke_endpoint_async", lambda self: _invoke_async(self, servers))


def _without_empty(method):
    """Empty members, which AWS leaves out and botocore would trip over."""

    def described(self):
        kept = {k: v for k, v in method(self).result.items() if v not in ({}, None)}
        return ActionResult(kept)

    return described


def _come_up(account: Account, response, result):
    endpoint = _backend().endpoints[response._get_param("EndpointName")]
    if account.fail_next_endpoint:
        endpoint.endpoint_status = "Failed"
        endpoint.failure_reason = account.fail_next_endpoint.pop()
    return result


def _add_tags(self, arn, tags):
    """A tag replaces the one of the same key; moto keeps both."""
    resource = self._get_resource_from_arn(arn)
    resource.tags = [tag for tag in resource.tags if tag["Key"] not in {new["Key"] for new in tags}] + tags
    return resource.tags


def _deregister(method):
    """A target's policies go with it; moto keeps them."""

    def deregister(self, namespace, r_id, dimension):
        method(self, namespace, r_id, dimension)
        for key in [key for key, policy in self.policies.items() if policy.resource_id == r_id]:
            del self.policies[key]

    return deregister


def _update_endpoint(account: Account):
    def update(self):
        endpoint = _backend().endpoints[self._get_param("EndpointName")]
        wanted = self._get_param("EndpointConfigName")
        if endpoint.endpoint_status == "Failed":
            # DescribeEndpoint's documentation: DeleteEndpoint is the only operation on a failed endpoint.
            raise ValidationError(message="Cannot update an endpoint that is in the state Failed.")
        account.updates.append(self._get_params())
        endpoint.endpoint_status, endpoint.failure_reason = "InService", None
        if account.fail_next_endpoint:
            # SageMaker keeps the old configuration in service when the new one does not come up.
            endpoint.failure_reason = account.fail_next_endpoint.pop()
        else:
            endpoint.endpoint_config_name = _backend().endpoint_configs[wanted].endpoint_config_name
        return ActionResult({"EndpointArn": endpoint.arn})

    return update


def _server(endpoint_name: str, servers: dict[str, TestClient]) -> TestClient:
    """The container: the archive unpacked, verified against the sha256 in its environment, served."""
    config = _backend().endpoint_configs[_backend().endpoints[endpoint_name].endpoint_config_name]
    name = config.production_variants[0]["ModelName"]
    if name not in servers:
        container = _backend()._models[name].primary_container
        bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
        folder = Path(tempfile.mkdtemp())
        stored = connect(REGION).s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(stored)) as tar:
            tar.extractall(folder, filter="data")
        verify(folder, container["Environment"]["VAIDYA_MANIFEST_SHA256"])
        config_here = read_config(folder / DATA)
        app = create_app(lambda: Pipeline(config_here), AudioConfig(), Admission(2, 2))
        servers[name] = TestClient(app).__enter__()
        while servers[name].get("/ping").status_code != 200:
            threading.Event().wait(0.01)
    return servers[name]


def _invoke(response, servers, account):
    name = response.path.split("/")[2]
    if account.full:
        account.full.pop()
        text = json.dumps({"code": "QUEUE_FULL", "message": "20 consultations are in the queue"})
        error = {"Message": "model error", "OriginalStatusCode": 429, "OriginalMessage": text}
        return 424, {"status": 424, "x-amzn-errortype": "ModelError"}, json.dumps(error)
    answer = _server(name, servers).post(
        "/invocations", content=response.body, headers={"Content-Type": response.headers["Content-Type"]}
    )
    if answer.status_code != 200:
        error = {"Message": "model error", "OriginalStatusCode": answer.status_code, "OriginalMessage": answer.text}
        return 424, {"status": 424, "x-amzn-errortype": "ModelError"}, json.dumps(error)
    return 200, {"Content-Type": "application/json"}, answer.text


def _invoke_async(response, servers):
    name = response.path.split("/")[2]
    s3 = connect(REGION).s3
    bucket, _, key = response.headers["X-Amzn-SageMaker-InputLocation"].removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    answer = _server(name, servers).post("/invocations", content=body, headers={"Content-Type": "application/json"})
    output = _backend().endpoint_configs[_backend().endpoints[name].endpoint_config_name].async_inference_config
    paths = output["OutputConfig"]
    where = {kind: f"{paths[kind]}/{Path(key).stem}.out" for kind in ("S3OutputPath", "S3FailurePath")}
    target = where["S3OutputPath" if answer.status_code == 200 else "S3FailurePath"]
    out_bucket, _, out_key = target.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=out_bucket, Key=out_key, Body=answer.content)
    headers = {
        "X-Amzn-SageMaker-OutputLocation": where["S3OutputPath"],
        "X-Amzn-SageMaker-FailureLocation": where["S3FailurePath"],
    }
    return 202, headers, json.dumps({"InferenceId": "made-up"})


@pytest.fixture
def target() -> Target:
    return Target(
        endpoint="vaidya",
        region=REGION,
        account=ACCOUNT,
        bucket=BUCKET,
        role=f"arn:aws:iam::{ACCOUNT}:role/vaidya-endpoint",
        image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/vaidya:1",
    )


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A model's folder with a manifest, and that manifest's sha256."""
    folder = tmp_path_factory.mktemp("model")
    data = folder / DATA
    data.mkdir(parents=True)
    (data / CONFIG).write_text(RunConfig(profile="made-up").model_dump_json())
    (data / "weights.json").write_text("[]")
    return folder, write_manifest(folder)


@pytest.fixture(scope="session")
def cases():
    return rehearse_here(Pipeline(RunConfig(profile="made-up")), {"sick": SICK})


@pytest.fixture
def planned(model_folder, target):
    """A plan for a version number; realtime with one instance unless told otherwise."""

    def plan(number: str = "1", where: Target = target, **changes) -> Plan:
        settings = {"asynchronous": False, "min_instances": 1, **changes}
        found = Version("vaidya", number, (), {MANIFEST_TAG: model_folder[1], "git_commit": "abc"}, "card")
        return make_plan(found, DeployConfig(**settings), where, stamp=f"2026010{number}")

    return plan


@pytest.fixture
def at_once() -> Waiting:
    return Waiting(poll_s=0.0, limit_s=5.0)
