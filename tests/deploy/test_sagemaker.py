"""A deployment: what it asks for, what it leaves when any one call fails, and what serves afterwards."""

import json

import pytest

from vaidya.config import DeployConfig
from vaidya.deploy.rehearse import rehearse
from vaidya.deploy.sagemaker import manage
from vaidya.deploy.sagemaker.client import REALTIME_BYTES, Endpoints, endpoints_of, invoke, smoke_test
from vaidya.deploy.sagemaker.iam import policies
from vaidya.deploy.sagemaker.plan import make_plan
from vaidya.deploy.sagemaker.steps import deploy
from vaidya.deploy.sagemaker.target import target as make_target
from vaidya.errors import ConfigError, DeploymentError
from vaidya.registry.store import Version
from vaidya.schema import Tier

SICK = {"vitals": '{"spo2": 86, "respirations": 30}', "complaint": "breathless"}


@pytest.fixture
def up(account, model_folder, cases, at_once):
    """Carry a plan out."""

    def carry_out(plan) -> str:
        return deploy(plan, model_folder[0], account.aws, smoke_test(plan, cases, account.aws), at_once)

    return carry_out


def test_an_endpoint_comes_up_answers_and_scales(account, planned, up, target):
    name = up(planned("1"))
    assert name == "vaidya-v1-20260101"
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    assert invoke(SICK, roads, account.aws).decision.tier is Tier.EMERGENCY
    state = manage.status("vaidya", account.aws)
    assert (state["status"], state["tags"]["vaidya:version"]) == ("InService", "1")
    assert account.holds()["scaling"] == [(1, 2)]


def test_an_asynchronous_endpoint_answers_through_s3_and_scales_to_zero(account, planned, up, target):
    up(planned("1", asynchronous=True, min_instances=0))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    assert roads.road(10) == "asynchronous"
    assert invoke(SICK, roads, account.aws).decision.tier is Tier.EMERGENCY
    assert account.holds()["scaling"] == [(0, 2)]
    assert account.holds()["alarms"] == ["vaidya-from-zero"]
    with pytest.raises(DeploymentError, match="VITALS"):
        invoke({"vitals": '{"spo2": 140}'}, roads, account.aws)


def test_an_update_goes_over_and_two_configurations_are_kept(account, planned, up):
    for number in ("1", "2", "3"):
        up(planned(number))
    held = account.holds()
    assert held["endpoints"] == {"vaidya": "vaidya-v3-20260103"}
    assert held["configs"] == held["models"] == ["vaidya-v2-20260102", "vaidya-v3-20260103"]
    assert len(held["archives"]) == 2


def test_rollback_serves_the_configuration_before(account, planned, up, at_once):
    up(planned("1"))
    with pytest.raises(DeploymentError, match="no earlier configuration"):
        manage.rollback("vaidya", account.aws, at_once)
    up(planned("2"))
    assert manage.rollback("vaidya", account.aws, at_once) == "vaidya-v1-20260101"
    assert account.holds()["endpoints"] == {"vaidya": "vaidya-v1-20260101"}


def test_delete_leaves_nothing(account, planned, up, at_once):
    up(planned("1", asynchronous=True, min_instances=0))
    up(planned("2", asynchronous=True, min_instances=0))
    assert len(manage.delete("vaidya", account.aws, at_once)) == 2
    assert not any(account.holds().values())


# Each call of a deployment, made to fail once: before AWS carried it out, or (after) when it had.
CALLS = [
    ("s3", "PutObject", "AccessDenied", False),
    ("s3", "PutObject", "RequestTimeout", True),
    ("sagemaker", "CreateModel", "ThrottlingException", False),
    ("sagemaker", "CreateModel", "InternalFailure", True),
    ("sagemaker", "CreateEndpointConfig", "ValidationException", False),
    ("sagemaker", "CreateEndpointConfig", "InternalFailure", True),
    ("sagemaker", "DescribeEndpoint", "ExpiredTokenException", False),
    ("sagemaker-runtime", "InvokeEndpoint", "ModelError", False),
    ("application-autoscaling", "DescribeScalableTargets", "AccessDeniedException", False),
    ("application-autoscaling", "RegisterScalableTarget", "ValidationException", False),
    ("application-autoscaling", "PutScalingPolicy", "LimitExceededException", False),
]
FIRST = [
    *CALLS,
    ("sagemaker", "CreateEndpoint", "ResourceLimitExceeded", False),
    ("sagemaker", "CreateEndpoint", "InternalFailure", True),
]
SECOND = [
    *CALLS,
    ("sagemaker", "UpdateEndpoint", "ResourceLimitExceeded", False),
    ("sagemaker", "UpdateEndpoint", "InternalFailure", True),
]


def label(call) -> str:
    return f"{call[1]}-{call[2]}{'-after' if call[3] else ''}"


@pytest.mark.parametrize("call", FIRST, ids=label)
def test_a_first_deployment_that_fails_leaves_nothing(account, planned, up, call):
    service, operation, code, after = call
    account.fail_once(service, operation, code, after=after)
    with pytest.raises(DeploymentError, match="Everything was taken back"):
        up(planned("1"))
    assert not any(account.holds().values())
    assert up(planned("2")) == "vaidya-v2-20260102"


@pytest.mark.parametrize("call", SECOND, ids=label)
def test_an_update_that_fails_leaves_the_old_endpoint_serving(account, planned, up, target, call):
    up(planned("1"))
    before = account.holds()
    service, operation, code, after = call
    account.fail_once(service, operation, code, after=after)
    with pytest.raises(DeploymentError, match="Everything was taken back"):
        up(planned("2"))
    assert account.holds() == before
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    assert invoke(SICK, roads, account.aws).decision.tier is Tier.EMERGENCY


@pytest.mark.parametrize("earlier", [False, True])
def test_an_endpoint_that_does_not_come_up_is_taken_back_with_its_reason(account, planned, up, earlier):
    if earlier:
        up(planned("1"))
    before = account.holds()
    account.fail_next_endpoint.append("the container did not answer /ping")
    with pytest.raises(DeploymentError, match=r"did not answer /ping.*taken back"):
        up(planned("2"))
    assert account.holds() == before


def test_an_alarm_that_cannot_be_set_takes_the_scaling_back_too(account, planned, up):
    account.fail_once("cloudwatch", "PutMetricAlarm", "AccessDenied")
    with pytest.raises(DeploymentError, match="permission is missing"):
        up(planned("1", asynchronous=True, min_instances=0))
    held = account.holds()
    assert not any(held.values())


def test_a_wrong_answer_to_the_held_case_is_a_failed_deployment(account, planned, model_folder, cases, at_once):
    plan = planned("1")
    other = [cases[0].model_copy(update={"answer": {**cases[0].answer, "tier": "ROUTINE"}})]
    with pytest.raises(DeploymentError, match="came back EMERGENCY, registered ROUTINE"):
        deploy(plan, model_folder[0], account.aws, smoke_test(plan, other, account.aws), at_once)
    assert not any(account.holds().values())


def test_what_cannot_be_taken_back_is_named(account, planned, up):
    account.fail_once("sagemaker", "CreateEndpoint", "ResourceLimitExceeded")
    account.fail_once("sagemaker", "DeleteModel", "ThrottlingException")
    with pytest.raises(DeploymentError, match="remove by hand: model vaidya-v1-20260101"):
        up(planned("1"))
    assert account.holds()["configs"] == []


def test_an_archive_that_is_not_the_registered_one_never_serves(account, planned, up):
    """The container verifies what it was given; here it is given a manifest's sha256 that the archive does not have."""
    plan = planned("1")
    plan.model["PrimaryContainer"]["Environment"]["VAIDYA_MANIFEST_SHA256"] = "0" * 64
    with pytest.raises(DeploymentError, match="not the one that was registered"):
        up(plan)
    assert not any(account.holds().values())


def test_a_rehearsal_against_the_endpoint_is_the_registered_fingerprint(account, planned, up, target, cases):
    up(planned("1"))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    assert rehearse(lambda request: invoke(request, roads, account.aws), cases).same


# --- what is asked for -------------------------------------------------------------------------------------------


def test_large_requests_take_the_asynchronous_road():
    both = Endpoints("b", "p", realtime="now", asynchronous="later")
    assert (both.road(REALTIME_BYTES), both.road(REALTIME_BYTES + 1)) == ("realtime", "asynchronous")
    with pytest.raises(DeploymentError, match="asynchronous endpoint"):
        Endpoints("b", "p", realtime="now").road(REALTIME_BYTES + 1)


def test_nothing_of_a_patient_is_captured_unless_the_profile_asks(planned):
    assert "DataCaptureConfig" not in planned("1").endpoint_config
    assert planned("1", data_capture=True).endpoint_config["DataCaptureConfig"]["EnableCapture"]


def test_key_and_network_come_from_the_profile(planned):
    plan = planned(
        "1", instance_type="ml.m5.xlarge", kms_key_id="k", subnet_ids=("subnet-1",), security_group_ids=("sg-1",)
    )
    assert plan.endpoint_config["KmsKeyId"] == "k"
    assert plan.model["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    # The hardware encrypts a g5's local disk; SageMaker refuses a key for it.
    assert "KmsKeyId" not in planned("1", kms_key_id="k").endpoint_config


def test_the_container_is_told_which_manifest_to_expect(planned, model_folder):
    environment = planned("1").model["PrimaryContainer"]["Environment"]
    assert environment == {"VAIDYA_MANIFEST_SHA256": model_folder[1]}


def test_a_realtime_endpoint_cannot_scale_to_zero(planned):
    with pytest.raises(ConfigError, match="scale to zero"):
        planned("1", min_instances=0)


def test_a_version_without_a_manifest_is_not_deployed(target):
    with pytest.raises(ConfigError, match="manifest"):
        make_plan(Version("vaidya", "1", (), {}, ""), DeployConfig(), target, stamp="1")


def test_a_plan_can_be_printed(planned):
    shown = json.loads(json.dumps(planned("1", asynchronous=True, min_instances=0).shown()))
    assert [next(iter(step)) for step in shown["scaling"]] == [
        "register_scalable_target",
        "put_scaling_policy",
        "put_scaling_policy",
    ]


def test_a_target_that_is_not_complete_names_what_is_missing(monkeypatch):
    monkeypatch.delenv("VAIDYA_SAGEMAKER_ROLE", raising=False)
    with pytest.raises(ConfigError, match="role: Field required"):
        make_target(region="us-east-1", account="123456789012", bucket="abc", image="x")


UNNARROWABLE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "sagemaker:ListEndpointConfigs",
    "application-autoscaling:DescribeScalableTargets",
}


@pytest.mark.parametrize("config", [DeployConfig(), DeployConfig(kms_key_id="k", subnet_ids=("subnet-1",))])
def test_policies_name_every_action_and_narrow_every_resource(target, config):
    for name, document in policies(target, config).items():
        for statement in document["Statement"]:
            assert not any("*" in action for action in statement["Action"]), name
            if statement.get("Resource") == ["*"]:
                assert all(a in UNNARROWABLE or a.startswith("ec2:") for a in statement["Action"]), name


def test_policies_allow_every_call_that_a_deployment_makes(account, planned, up, target, at_once):
    """The calls are recorded while a deployment, an update, a rollback and a removal are carried out."""
    made: set[str] = set()
    services = {"sagemaker-runtime": "sagemaker"}
    for client in vars_of(account.aws):
        name = client.meta.service_model.service_name
        client.meta.events.register(
            "before-call", lambda model, n=name, **_: made.add(f"{services.get(n, n)}:{model.name}")
        )
    up(planned("1", asynchronous=True, min_instances=0))
    up(planned("2", asynchronous=True, min_instances=0))
    manage.status("vaidya", account.aws)
    manage.rollback("vaidya", account.aws, at_once)
    manage.delete("vaidya", account.aws, at_once)
    allowed = {a for s in policies(target, DeployConfig())["deployer"]["Statement"] for a in s["Action"]}
    assert made
    assert made <= allowed


def vars_of(aws):
    return [getattr(aws, name) for name in ("sagemaker", "runtime", "s3", "autoscaling", "cloudwatch")]
