"""Each role's policy against the calls that the role makes: the action and the very resource, and no other one's."""

import fnmatch
import json

import pytest

from tests.deploy.conftest import ACCOUNT, BUCKET, REGION, SICK
from vaidya.config import DeployConfig, LlmConfig
from vaidya.deploy.sagemaker import manage
from vaidya.deploy.sagemaker.aws import connect
from vaidya.deploy.sagemaker.client import endpoints_of, invoke, smoke_test
from vaidya.deploy.sagemaker.iam import policies
from vaidya.deploy.sagemaker.steps import deploy
from vaidya.errors import DeploymentError
from vaidya.llm.base import load_language_model
from vaidya.llm.sagemaker import SageMaker
from vaidya.schema import Message
from vaidya.settings import settings

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
CONFIG = DeployConfig(kms_key_id="k", subnet_ids=("subnet-1",), data_capture=True)
UNNARROWABLE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "sagemaker:ListEndpointConfigs",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
}


def allows(document: dict, action: str, resource: str) -> bool:
    """IAM's own rule as far as it is used here: some statement names the action and a pattern of the resource."""
    return any(
        action in statement["Action"] and any(fnmatch.fnmatchcase(resource, p) for p in statement["Resource"])
        for statement in document["Statement"]
    )


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def resource(service: str, operation: str, params: dict) -> str:
    """What a call is about, as the Service Authorization Reference names it."""
    if service == "s3":
        key = f"/{params['Key']}" if "Key" in params else ""
        return f"arn:aws:s3:::{params['Bucket']}{key}"
    if service == "cloudwatch":
        name = params.get("AlarmName") or params["AlarmNames"][0]
        return arn(service, f"alarm:{name}")
    if service == "application-autoscaling":
        return "*" if operation.startswith("Describe") else arn(service, "scalable-target/some-id")
    if "ResourceArn" in params:
        return params["ResourceArn"].lower()  # as SageMaker writes it
    kinds = {"ModelName": "model", "EndpointName": "endpoint", "EndpointConfigName": "endpoint-config"}
    order = ("ModelName", "EndpointName", "EndpointConfigName")
    name = next((n for n in order if n in params), None)
    return arn("sagemaker", f"{kinds[name]}/{params[name].lower()}") if name else "*"


ACTIONS = {"ListObjectsV2": "s3:ListBucket"}


@pytest.fixture
def recorded():
    """Records (action, resource) of every call that clients make from now on."""

    def record(*clients) -> set[tuple[str, str]]:
        made: set[tuple[str, str]] = set()
        for client in clients:
            service = client.meta.service_model.service_name.removesuffix("-runtime")

            def note(params, model, service=service, **_details):
                action = ACTIONS.get(model.name, f"{service}:{model.name}")
                made.add((action, resource(service, model.name, params)))

            client.meta.events.register("provide-client-params", note)
        return made

    return record


def clients(aws):
    return [getattr(aws, name) for name in ("sagemaker", "runtime", "s3", "autoscaling", "cloudwatch")]


def missing(document: dict, made: set[tuple[str, str]]) -> list[tuple[str, str]]:
    assert made
    return sorted(call for call in made if not allows(document, *call))


@pytest.mark.parametrize("config", [DeployConfig(), CONFIG])
def test_policies_name_every_action_and_narrow_every_resource(target, config):
    for name, document in policies(target, config).items():
        for statement in document["Statement"]:
            assert not any("*" in action for action in statement["Action"]), name
            if statement.get("Resource") == ["*"]:
                assert all(a in UNNARROWABLE or a.startswith("ec2:") for a in statement["Action"]), name


@pytest.mark.parametrize("endpoint", ["vaidya", "Vaidya-Vellore"])
def test_the_deployer_may_make_every_call_that_deployments_make(
    account, planned, target, at_once, model_folder, cases, recorded, endpoint
):
    where = target.model_copy(update={"endpoint": endpoint})
    made = recorded(*clients(account.aws))
    for number, to_zero in (("1", True), ("2", False), ("3", True)):
        plan = planned(number, where=where, asynchronous=to_zero, min_instances=0 if to_zero else 1)
        deploy(plan, model_folder[0], account.aws, smoke_test(plan, cases, account.aws), at_once)
    account.fail_once("sagemaker", "AddTags", "InternalFailure", after=True)
    plan = planned("4", where=where)
    with pytest.raises(DeploymentError, match="taken back"):
        deploy(plan, model_folder[0], account.aws, smoke_test(plan, cases, account.aws), at_once)
    manage.status(endpoint, account.aws)
    manage.rollback(endpoint, account.aws, at_once)
    account.aws.s3.put_object(Bucket=BUCKET, Key=f"vaidya/async/{endpoint}/out/a.out", Body=b"")
    made.discard(("s3:PutObject", f"arn:aws:s3:::{BUCKET}/vaidya/async/{endpoint}/out/a.out"))
    manage.delete(where, account.aws, at_once)
    assert missing(policies(where, DeployConfig())["deployer"], made) == []


def test_the_deployer_may_do_what_autoscaling_does_in_its_name(target):
    """AWS: "Required permissions to configure auto scaling" of SageMaker's guide."""
    document = policies(target, CONFIG)["deployer"]
    scaling = "sagemaker.application-autoscaling.amazonaws.com"
    role = f"role/aws-service-role/{scaling}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    assert allows(document, "iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:{role}")
    linked = next(s for s in document["Statement"] if s["Action"] == ["iam:CreateServiceLinkedRole"])
    assert linked["Condition"] == {"StringEquals": {"iam:AWSServiceName": scaling}}
    assert allows(document, "sagemaker:UpdateEndpointWeightsAndCapacities", arn("sagemaker", "endpoint/vaidya"))
    assert allows(document, "iam:PassRole", target.role)
    assert allows(document, "kms:GenerateDataKey", KEY)


@pytest.mark.parametrize("role", ["deployer", "caller"])
@pytest.mark.parametrize("other", ["vaidya-vellore", "vaidya-v2", "vaidya-v2-v1-20260101000000"])
def test_nobody_may_touch_an_endpoint_whose_name_begins_alike(target, role, other):
    document = policies(target, CONFIG)[role]
    for action in ("DeleteEndpoint", "UpdateEndpoint", "InvokeEndpoint"):
        assert not allows(document, f"sagemaker:{action}", arn("sagemaker", f"endpoint/{other}"))
    for kind in ("Model", "EndpointConfig"):
        name = other if "20260101" in other else f"{other}-v1-20260101000000"
        place = arn("sagemaker", f"{'model' if kind == 'Model' else 'endpoint-config'}/{name}")
        assert not allows(document, f"sagemaker:Delete{kind}", place)


@pytest.mark.parametrize("to_zero", [False, True], ids=["realtime", "async"])
def test_the_caller_may_make_every_call_that_a_consultation_makes(
    account, planned, target, at_once, model_folder, cases, recorded, to_zero
):
    plan = planned("1", asynchronous=to_zero, min_instances=0 if to_zero else 1, kms_key_id="k")
    deploy(plan, model_folder[0], account.aws, smoke_test(plan, cases, account.aws), at_once)
    aws = connect(REGION)
    made = recorded(*clients(aws))
    invoke(SICK, endpoints_of("vaidya", target.bucket, target.prefix, aws), aws)
    document = policies(target, CONFIG)["caller"]
    assert missing(document, made) == []
    # S3 asks the key for whoever puts and reads what it encrypts.
    assert all(allows(document, f"kms:{action}", KEY) for action in ("GenerateDataKey", "Decrypt"))
    assert not allows(document, "sagemaker:DeleteEndpoint", arn("sagemaker", "endpoint/vaidya"))


def test_the_endpoint_may_read_its_model_and_inputs_and_write_its_answers(planned, target):
    document = policies(target, CONFIG)["execution_role"]
    plan = planned("1", asynchronous=True, min_instances=0)
    paths = plan.endpoint_config["AsyncInferenceConfig"]["OutputConfig"]
    archive = plan.model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://")
    assert allows(document, "s3:GetObject", f"arn:aws:s3:::{archive}")
    assert allows(document, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/vaidya/async/vaidya/in/a.json")
    assert allows(document, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/vaidya/audio/visit.ogg")
    for path in paths.values():
        assert allows(document, "s3:PutObject", f"arn:aws:s3:::{path.removeprefix('s3://')}/a.out")
    assert allows(document, "kms:Decrypt", KEY)
    assert allows(document, "kms:CreateGrant", KEY)
    assert not allows(document, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/vaidya/async/vaidya-vellore/in/a.json")


def asked(model: SageMaker) -> None:
    model.generate([Message(role="user", content="hello")])


@pytest.mark.parametrize("how", ["whole", "streamed", "async"])
def test_the_endpoint_may_ask_the_profiles_language_model(account, target, monkeypatch, recorded, how):
    """The `sagemaker` profile's container asks another endpoint; every call that its client makes is allowed."""
    monkeypatch.setenv("VAIDYA_AWS_REGION", REGION)
    settings.cache_clear()
    options = {"stream": how == "streamed", "s3_prefix": f"s3://{BUCKET}/llm", "poll_s": 0.01}
    config = LlmConfig(
        backend="sagemaker", weights=None, endpoint="vaidya-medgemma", asynchronous=how == "async", options=options
    )
    model = load_language_model(config)
    assert isinstance(model, SageMaker)
    used = [model._runtime, *([model._s3] if model._s3 else [])]
    made = recorded(*used)
    reply = {"choices": [{"message": {"role": "assistant", "content": "note"}, "finish_reason": "stop"}]}
    answer = {"OutputLocation": f"s3://{BUCKET}/llm/out/a.out", "FailureLocation": f"s3://{BUCKET}/llm/failed/a.out"}
    account.aws.s3.put_object(Bucket=BUCKET, Key="llm/out/a.out", Body=json.dumps(reply).encode())
    stop = {
        "InvokeEndpointAsync": lambda **_: (_Answer(), answer),
        "InvokeEndpoint": lambda **_: (_Answer(), {"Body": _Body(json.dumps(reply).encode())}),
        "InvokeEndpointWithResponseStream": lambda **_: (_Answer(), {"Body": _Events(reply)}),
    }
    for name, answered in stop.items():
        model._runtime.meta.events.register(f"before-call.sagemaker-runtime.{name}", answered)
    asked(model)
    settings.cache_clear()
    document = policies(target, CONFIG, [config])["execution_role"]
    assert missing(document, made) == []
    assert not allows(policies(target, CONFIG)["execution_role"], "sagemaker:InvokeEndpoint", next(iter(made))[1])


class _Answer:
    status_code = 200
    headers: dict[str, str] = {}


class _Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        return self.data


class _Events:
    def __init__(self, reply: dict) -> None:
        delta = {"choices": [{"delta": {"content": "note"}, "finish_reason": "stop"}]}
        self.lines = [f"data: {json.dumps(delta)}\n\n".encode(), b"data: [DONE]\n\n"]

    def __iter__(self):
        return iter([{"PayloadPart": {"Bytes": line}} for line in self.lines])

    def close(self) -> None:
        pass
