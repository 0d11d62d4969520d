"""What would be asked of AWS, as plain requests: `--dry-run` prints it, `steps` carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vaidya.config import DeployConfig
from vaidya.deploy.sagemaker.tags import OWNER, as_list
from vaidya.deploy.sagemaker.target import Target
from vaidya.errors import ConfigError
from vaidya.registry.store import MANIFEST_TAG, Version

Request = dict[str, Any]

VARIANT = "AllTraffic"
STARTUP_S = 1_800  # weights are fetched and loaded before /ping answers 200
DOWNLOAD_S = 1_800
BACKLOG_PER_INSTANCE = 4.0  # asynchronous requests that wait for one instance before another is started
INVOCATIONS_PER_INSTANCE = 20.0  # a minute, real time
SCALE_OUT_S, SCALE_IN_S = 60, 600
# The hardware encrypts their local disks, and SageMaker refuses a key for them (CreateEndpointConfig, KmsKeyId).
LOCAL_DISK_FAMILIES = ("g4dn", "g5", "g6", "g6e", "p4d", "p4de", "p5", "p5e", "m5d", "c5d", "r5d", "inf2", "trn1")


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests in the order in which they are made.

    artifact_key: where the model's archive goes in the bucket. upload: how S3 encrypts it.
    """

    target: Target
    version: Version
    artifact_key: str
    upload: Request
    model: Request
    endpoint_config: Request
    endpoint: Request
    update: Request
    scaling: tuple[tuple[str, Request], ...]

    @property
    def asynchronous(self) -> bool:
        """Whether the endpoint answers through S3."""
        return "AsyncInferenceConfig" in self.endpoint_config

    def shown(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "artifact": f"s3://{self.target.bucket}/{self.artifact_key}",
            "create_model": self.model,
            "create_endpoint_config": self.endpoint_config,
            "create_or_update_endpoint": self.update,
            "scaling": [{name: request} for name, request in self.scaling],
        }


def artifact_suffix(name: str) -> str:
    """Where a model's archive lies below the prefix."""
    return f"/models/{name}/model.tar.gz"


def async_prefix(prefix: str, endpoint: str) -> str:
    """Below which an endpoint's asynchronous requests and answers lie."""
    return f"{prefix}/async/{endpoint}"


def encrypted(kms_key_id: str | None) -> Request:
    """How S3 is to encrypt an object: with the profile's key, or with the account's own."""
    key = {"SSEKMSKeyId": kms_key_id} if kms_key_id else {}
    return {"ServerSideEncryption": "aws:kms", **key}


def make_plan(found: Version, config: DeployConfig, target: Target, *, stamp: str, isolated: bool = False) -> Plan:
    """The plan for one version. stamp: digits that make names unique. isolated: the container needs no network.

    Raises:
        ConfigError: a real-time endpoint was to scale to zero, or the version has no recorded manifest.
    """
    if not config.asynchronous and config.min_instances == 0:
        raise ConfigError("a real-time endpoint cannot scale to zero: set deploy.min_instances to 1, or give --async")
    if MANIFEST_TAG not in found.tags:
        raise ConfigError(f"{found.uri} has no recorded manifest; register it with `vaidya register`")
    name = f"{target.endpoint}-v{found.number}-{stamp}"
    key = f"{target.prefix}{artifact_suffix(name)}"
    tags = _tags(found, target)
    return Plan(
        target=target,
        version=found,
        artifact_key=key,
        upload=encrypted(config.kms_key_id),
        model=_model(name, key, found, config, target, isolated=isolated) | {"Tags": tags},
        endpoint_config=_endpoint_config(name, config, target) | {"Tags": tags},
        endpoint={"EndpointName": target.endpoint, "EndpointConfigName": name, "Tags": tags},
        update={"EndpointName": target.endpoint, "EndpointConfigName": name, "DeploymentConfig": _blue_green()},
        scaling=tuple(_scaling(config, target)),
    )


def _tags(found: Version, target: Target) -> list[dict[str, str]]:
    values = {
        OWNER: target.endpoint,
        "vaidya:version": found.number,
        "vaidya:model": found.name,
        "vaidya:git-commit": found.tags.get("git_commit", "unknown"),
        "vaidya:manifest": found.tags[MANIFEST_TAG],
    }
    return as_list(values)


def _model(name: str, key: str, found: Version, config: DeployConfig, target: Target, *, isolated: bool) -> Request:
    request: Request = {
        "ModelName": name,
        "ExecutionRoleArn": target.role,
        "PrimaryContainer": {
            "Image": target.image,
            "ModelDataUrl": f"s3://{target.bucket}/{key}",
            "Environment": {"VAIDYA_MANIFEST_SHA256": found.tags[MANIFEST_TAG]},
        },
        "EnableNetworkIsolation": isolated,
    }
    if config.subnet_ids:
        network = {"Subnets": list(config.subnet_ids), "SecurityGroupIds": list(config.security_group_ids)}
        request["VpcConfig"] = network
    return request


def _endpoint_config(name: str, config: DeployConfig, target: Target) -> Request:
    variant = {
        "VariantName": VARIANT,
        "ModelName": name,
        "InstanceType": config.instance_type,
        "InitialInstanceCount": max(1, config.min_instances),
        "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_S,
        "ModelDataDownloadTimeoutInSeconds": DOWNLOAD_S,
    }
    request: Request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
    if config.kms_key_id and config.instance_type.split(".")[1] not in LOCAL_DISK_FAMILIES:
        request["KmsKeyId"] = config.kms_key_id
    if config.asynchronous:
        request["AsyncInferenceConfig"] = _asynchronous(config, target)
    if config.data_capture:
        request["DataCaptureConfig"] = _data_capture(config, target)
    return request


def _asynchronous(config: DeployConfig, target: Target) -> Request:
    base = f"s3://{target.bucket}/{async_prefix(target.prefix, target.endpoint)}"
    output: Request = {"S3OutputPath": f"{base}/out", "S3FailurePath": f"{base}/failed"}
    if config.kms_key_id:
        output["KmsKeyId"] = config.kms_key_id
    topics = {"SuccessTopic": target.success_topic, "ErrorTopic": target.error_topic}
    told = {name: topic for name, topic in topics.items() if topic}
    if told:
        output["NotificationConfig"] = told
    return {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": config.max_concurrent}, "OutputConfig": output}


def _data_capture(config: DeployConfig, target: Target) -> Request:
    """Off unless the profile asks: what is captured is what patients said."""
    request: Request = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{target.bucket}/{target.prefix}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    return {**request, "KmsKeyId": config.kms_key_id} if config.kms_key_id else request


def _blue_green() -> Request:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60},
            "TerminationWaitInSeconds": 120,
            "MaximumExecutionTimeoutInSeconds": 3_600,
        }
    }


def retained() -> Request:
    """For an update: as many instances as autoscaling has come to. Data capture is the new configuration's to say."""
    exclude = [{"VariantPropertyType": "DataCaptureConfig"}]
    return {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": exclude}


def resource_id(endpoint: str) -> str:
    """The endpoint's variant as autoscaling names it."""
    return f"endpoint/{endpoint}/variant/{VARIANT}"


def scalable(endpoint: str) -> Request:
    """What autoscaling requests have in common."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id(endpoint),
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def policy_names(endpoint: str) -> tuple[str, str]:
    """The policy that follows the load, and the one that starts the first instance."""
    return f"{endpoint}-load", f"{endpoint}-from-zero"


def _scaling(config: DeployConfig, target: Target) -> list[tuple[str, Request]]:
    common = scalable(target.endpoint)
    load, from_zero = policy_names(target.endpoint)
    bounds = {"MinCapacity": config.min_instances, "MaxCapacity": config.max_instances}
    follow = _backlog(target) if config.asynchronous else _invocations()
    tracking = {**follow, "ScaleInCooldown": SCALE_IN_S, "ScaleOutCooldown": SCALE_OUT_S}
    steps = [
        ("register_scalable_target", {**common, **bounds}),
        (
            "put_scaling_policy",
            {
                **common,
                "PolicyName": load,
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": tracking,
            },
        ),
    ]
    if config.asynchronous and config.min_instances == 0:
        steps.append(("put_scaling_policy", {**common, "PolicyName": from_zero, **_first_instance()}))
    return steps


def _backlog(target: Target) -> Request:
    dimensions = [{"Name": "EndpointName", "Value": target.endpoint}]
    metric = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": dimensions,
        "Statistic": "Average",
    }
    return {"TargetValue": BACKLOG_PER_INSTANCE, "CustomizedMetricSpecification": metric}


def _invocations() -> Request:
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {"TargetValue": INVOCATIONS_PER_INSTANCE, "PredefinedMetricSpecification": metric}


def _first_instance() -> Request:
    """With no instance there is no backlog per instance: an alarm on waiting requests starts the first one."""
    return {
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": SCALE_OUT_S,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    }


def first_instance_alarm(endpoint: str, policy_arn: str) -> Mapping[str, Any]:
    """The alarm behind the policy that starts the first instance (SageMaker's metric HasBacklogWithoutCapacity)."""
    return {
        "AlarmName": f"{endpoint}-from-zero",
        "MetricName": "HasBacklogWithoutCapacity",
        "Namespace": "AWS/SageMaker",
        "Statistic": "Average",
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Period": 60,
        "AlarmActions": [policy_arn],
    }
