"""A deployment: what it asks for, what it leaves when any one call fails, and what serves afterwards."""

import base64
import io
import json
import wave

import moto.sagemaker.models as sagemaker_models
import pytest
from botocore.exceptions import ClientError

from tests.deploy.conftest import ACCOUNT, BUCKET, REGION
from vaidya.config import DeployConfig
from vaidya.deploy.rehearse import rehearse
from vaidya.deploy.sagemaker import manage
from vaidya.deploy.sagemaker.client import (
    REALTIME_AUDIO_S,
    REALTIME_BYTES,
    Endpoints,
    audio_seconds,
    endpoints_of,
    invoke,
    smoke_test,
)
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


def test_rollback_serves_the_configuration_before_once(account, planned, up, at_once):
    up(planned("1"))
    with pytest.raises(DeploymentError, match="no earlier configuration"):
        manage.rollback("vaidya", account.aws, at_once)
    up(planned("2"))
    assert manage.rollback("vaidya", account.aws, at_once) == "vaidya-v1-20260101"
    assert account.holds()["endpoints"] == {"vaidya": "vaidya-v1-20260101"}
    assert manage.status("vaidya", account.aws)["tags"]["vaidya:version"] == "1"
    with pytest.raises(DeploymentError, match="no earlier configuration"):
        manage.rollback("vaidya", account.aws, at_once)


def test_after_a_rollback_the_next_deployment_keeps_the_good_configuration(account, planned, up, at_once):
    """Version 2 was bad: it goes, and what a rollback returns to is the version that served."""
    up(planned("1"))
    up(planned("2"))
    manage.rollback("vaidya", account.aws, at_once)
    up(planned("3"))
    assert account.holds()["configs"] == ["vaidya-v1-20260101", "vaidya-v3-20260103"]
    assert manage.rollback("vaidya", account.aws, at_once) == "vaidya-v1-20260101"


def test_status_tells_the_version_that_serves(account, planned, up):
    up(planned("1"))
    up(planned("2"))
    tags = manage.status("vaidya", account.aws)["tags"]
    assert (tags["vaidya:version"], tags["vaidya:previous"]) == ("2", "vaidya-v1-20260101")


@pytest.mark.parametrize("other", ["vaidya-vellore", "vaidya-v2", "vaidya-v2-20260101"])
def test_another_endpoint_whose_name_begins_alike_is_left_alone(account, planned, up, at_once, target, other):
    elsewhere = target.model_copy(update={"endpoint": other})
    up(planned("1", where=elsewhere))
    theirs = account.holds()
    for number in ("1", "2", "3"):
        up(planned(number))
    manage.delete(target, account.aws, at_once)
    assert account.holds() == theirs
    assert manage.status(other, account.aws)["status"] == "InService"


def test_a_configuration_without_our_tag_is_left_alone(account, planned, up, at_once, target):
    up(planned("1"))
    account.aws.sagemaker.create_endpoint_config(
        EndpointConfigName="vaidya-v9-20250101",
        ProductionVariants=planned("1").endpoint_config["ProductionVariants"],
    )
    up(planned("2"))
    up(planned("3"))
    assert "vaidya-v9-20250101" in account.holds()["configs"]
    manage.delete(target, account.aws, at_once)
    assert account.holds()["configs"] == ["vaidya-v9-20250101"]


def test_somebody_elses_endpoint_is_neither_updated_nor_deleted(account, planned, up, at_once, target):
    made = planned("1")
    account.aws.sagemaker.create_model(**made.model)
    account.aws.sagemaker.create_endpoint_config(**made.endpoint_config)
    account.aws.sagemaker.create_endpoint(EndpointName="vaidya", EndpointConfigName="vaidya-v1-20260101")
    before = account.holds()
    with pytest.raises(DeploymentError, match="no deployment of ours made it"):
        up(planned("2"))
    with pytest.raises(DeploymentError, match="no deployment of ours made it"):
        manage.delete(target, account.aws, at_once)
    assert account.holds() == before


def test_an_endpoint_whose_creation_failed_is_made_again(account, planned, up):
    """AWS takes no update of it, only its deletion."""
    up(planned("1"))
    sagemaker_models.sagemaker_backends[ACCOUNT][REGION].endpoints["vaidya"].endpoint_status = "Failed"
    assert up(planned("2")) == "vaidya-v2-20260102"
    held = account.holds()
    assert held["endpoints"] == {"vaidya": "vaidya-v2-20260102"}
    assert held["configs"] == held["models"] == ["vaidya-v2-20260102"]


def test_an_endpoint_that_is_being_changed_is_left_to_whoever_changes_it(account, planned, up):
    up(planned("1"))
    before = account.holds()
    sagemaker_models.sagemaker_backends[ACCOUNT][REGION].endpoints["vaidya"].endpoint_status = "Updating"
    with pytest.raises(DeploymentError, match="is Updating"):
        up(planned("2"))
    assert account.holds() == before


def test_an_update_keeps_the_number_of_instances_that_autoscaling_has_come_to(account, planned, up):
    up(planned("1"))
    up(planned("2"))
    asked = account.updates[-1]
    assert asked["RetainAllVariantProperties"] is True
    # The old configuration's data capture must not live on: what is captured is what patients said.
    assert asked["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]


def test_an_endpoint_that_becomes_real_time_keeps_nothing_that_starts_it_from_zero(account, planned, up):
    up(planned("1", asynchronous=True, min_instances=0))
    up(planned("2"))
    held = account.holds()
    assert (held["alarms"], [name for name, _ in held["policies"]]) == ([], ["vaidya-load"])


def test_a_full_queue_is_asked_again_and_nothing_else_is(account, planned, up, target, monkeypatch):
    up(planned("1"))
    monkeypatch.setattr("vaidya.deploy.sagemaker.client.QUEUE_WAITS_S", (0.0, 0.0))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    calls = []
    account.aws.runtime.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    account.full.extend([1, 1])
    assert invoke(SICK, roads, account.aws).decision.tier is Tier.EMERGENCY
    assert len(calls) == 3
    account.full.extend([1, 1, 1])
    with pytest.raises(DeploymentError, match="QUEUE_FULL"):
        invoke(SICK, roads, account.aws)
    calls.clear()
    with pytest.raises(DeploymentError, match="VITALS"):
        invoke({"vitals": '{"spo2": 140}'}, roads, account.aws)
    assert len(calls) == 1


def test_a_consultation_is_sent_once(account):
    """botocore's own retries after a time-out would do it again while the first is still at work."""
    retries = {name: getattr(account.aws, name).meta.config.retries for name in ("runtime", "sagemaker")}
    assert retries["runtime"]["total_max_attempts"] == 1
    assert retries["sagemaker"]["total_max_attempts"] > 1


def test_requests_and_answers_do_not_stay_in_s3(account, planned, up, target):
    up(planned("1", asynchronous=True, min_instances=0, kms_key_id="our-key"))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    put = []
    account.aws.s3.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: put.append(params))
    invoke(SICK, roads, account.aws)
    with pytest.raises(DeploymentError, match="VITALS"):
        invoke({"vitals": '{"spo2": 140}'}, roads, account.aws)
    assert account.holds()["waiting"] == []
    assert [(p["ServerSideEncryption"], p["SSEKMSKeyId"]) for p in put] == [("aws:kms", "our-key")] * 2


def test_an_answer_that_never_comes_is_an_error_and_the_request_does_not_stay(account, planned, up, target):
    """Without the right to list, S3 says AccessDenied for what is not there yet: no reason to give up."""
    up(planned("1", asynchronous=True, min_instances=0))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws)
    account.fail_once("s3", "GetObject", "AccessDenied")
    assert invoke(SICK, roads, account.aws).decision.tier is Tier.EMERGENCY

    def never(**_details):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "injected"}}, "GetObject")

    account.aws.s3.meta.events.register("before-call.s3.GetObject", never)
    with pytest.raises(DeploymentError, match="no answer after 0 s"):
        invoke(SICK, roads, account.aws, wait_s=0.0)
    assert [key for key in account.holds()["waiting"] if "/in/" in key] == []


def test_long_recordings_go_to_the_second_endpoint(account, planned, up, target):
    slow = target.model_copy(update={"endpoint": "vaidya-long"})
    up(planned("1"))
    up(planned("1", where=slow, asynchronous=True, min_instances=0))
    roads = endpoints_of("vaidya", target.bucket, target.prefix, account.aws, asynchronous="vaidya-long")
    asked = []
    account.aws.runtime.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    for seconds in (1.0, REALTIME_AUDIO_S + 1):
        invoke({**SICK, "audio": base64.b64encode(silence(seconds)).decode()}, roads, account.aws)
    assert asked == ["InvokeEndpoint", "InvokeEndpointAsync"]
    with pytest.raises(ConfigError, match="one of them does not"):
        endpoints_of("vaidya-long", target.bucket, target.prefix, account.aws, asynchronous="vaidya")


def silence(seconds: float) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\0\0" * round(8_000 * seconds))
    return stream.getvalue()


def test_how_long_a_recording_lasts():
    assert audio_seconds(None) == 0.0
    assert audio_seconds(base64.b64encode(silence(2.0)).decode()) == pytest.approx(2.0)
    assert audio_seconds("s3://clinic/a.wav") == float("inf")  # only the server can tell


def test_delete_leaves_nothing(account, planned, up, at_once, target):
    up(planned("1", asynchronous=True, min_instances=0))
    up(planned("2", asynchronous=True, min_instances=0))
    account.aws.s3.put_object(Bucket=BUCKET, Key="vaidya/async/vaidya/out/nobody-fetched.out", Body=b"a record")
    account.aws.s3.put_object(Bucket=BUCKET, Key="vaidya/async/vaidya-vellore/out/other.out", Body=b"a record")
    assert len(manage.delete(target, account.aws, at_once)) == 2
    held = account.holds()
    assert held.pop("waiting") == ["vaidya/async/vaidya-vellore/out/other.out"]
    assert not any(held.values())


# Each call of a deployment, made to fail once: before AWS carried it out, or (after) when it had.
CALLS = [
    ("s3", "PutObject", "AccessDenied", False),
    ("s3", "PutObject", "RequestTimeout", True),
    ("sagemaker", "CreateModel", "ThrottlingException", False),
    ("sagemaker", "CreateModel", "InternalFailure", True),
    ("sagemaker", "CreateEndpointConfig", "ValidationException", False),
    ("sagemaker", "CreateEndpointConfig", "InternalFailure", True),
    ("sagemaker", "DescribeEndpoint", "ExpiredTokenException", False),
    ("sagemaker", "ListTags", "ThrottlingException", False),
    ("sagemaker-runtime", "InvokeEndpoint", "ModelError", False),
    ("application-autoscaling", "DescribeScalableTargets", "AccessDeniedException", False),
    ("application-autoscaling", "RegisterScalableTarget", "ValidationException", False),
    ("application-autoscaling", "PutScalingPolicy", "LimitExceededException", False),
    ("application-autoscaling", "PutScalingPolicy", "InternalServiceException", True),
    ("application-autoscaling", "DescribeScalingPolicies", "AccessDeniedException", False),
    ("cloudwatch", "DescribeAlarms", "AccessDenied", False),
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
    ("sagemaker", "AddTags", "ThrottlingException", False),
    ("sagemaker", "AddTags", "InternalFailure", True),
]
# Of an asynchronous endpoint that scales to zero, as well.
ASYNCHRONOUS = [
    ("sagemaker-runtime", "InvokeEndpointAsync", "ThrottlingException", False),
    ("cloudwatch", "PutMetricAlarm", "AccessDenied", False),
    ("cloudwatch", "PutMetricAlarm", "InternalServiceFault", True),
]
# Before a deployment has made anything, there is nothing to take back.
NOTHING_YET = {"DescribeEndpoint", "ListTags"}


def says(operation: str) -> str:
    return "failed with" if operation in NOTHING_YET else "Everything was taken back"


@pytest.mark.parametrize("call", ASYNCHRONOUS, ids=lambda call: call[1])
@pytest.mark.parametrize("earlier", [False, True], ids=["first", "update"])
def test_an_asynchronous_deployment_that_fails_leaves_what_was(account, planned, up, call, earlier):
    to_zero = {"asynchronous": True, "min_instances": 0}
    if earlier:
        up(planned("1", **to_zero, max_instances=3))
    before = account.holds()
    service, operation, code, after = call
    account.fail_once(service, operation, code, after=after)
    with pytest.raises(DeploymentError, match="Everything was taken back"):
        up(planned("2", **to_zero))
    assert account.holds() == before
    if not earlier:
        assert not any(before.values())


@pytest.mark.parametrize(
    ("service", "operation"),
    [("sagemaker", "ListEndpointConfigs"), ("sagemaker", "DeleteModel"), ("sagemaker", "DeleteEndpointConfig")],
)
def test_a_deployment_has_succeeded_when_only_tidying_up_fails(account, planned, up, caplog, service, operation):
    up(planned("1"))
    up(planned("2"))
    account.fail_once(service, operation, "ThrottlingException")
    assert up(planned("3")) == "vaidya-v3-20260103"
    assert "old configurations stay" in caplog.text
    up(planned("4"))
    assert account.holds()["configs"] == ["vaidya-v3-20260103", "vaidya-v4-20260104"]


def label(call) -> str:
    return f"{call[1]}-{call[2]}{'-after' if call[3] else ''}"


@pytest.mark.parametrize("call", FIRST, ids=label)
def test_a_first_deployment_that_fails_leaves_nothing(account, planned, up, call):
    service, operation, code, after = call
    account.fail_once(service, operation, code, after=after)
    if operation == "ListTags":
        pytest.skip("a first deployment reads no tags")
    with pytest.raises(DeploymentError, match=says(operation)):
        up(planned("1"))
    assert not any(account.holds().values())
    assert up(planned("2")) == "vaidya-v2-20260102"


@pytest.mark.parametrize("call", SECOND, ids=label)
def test_an_update_that_fails_leaves_the_old_endpoint_serving(account, planned, up, target, call):
    up(planned("1"))
    before = account.holds()
    service, operation, code, after = call
    account.fail_once(service, operation, code, after=after)
    with pytest.raises(DeploymentError, match=says(operation)):
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


def test_large_and_long_requests_take_the_asynchronous_road():
    both = Endpoints("b", "p", realtime="now", asynchronous="later")
    assert both.road(10, lambda: REALTIME_AUDIO_S) == "realtime"
    assert both.road(10, lambda: REALTIME_AUDIO_S + 1) == "asynchronous"
    assert Endpoints("b", "p", realtime="now").road(10, lambda: 900.0) == "realtime"
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
