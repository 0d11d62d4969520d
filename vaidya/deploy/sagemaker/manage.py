"""What deployments have left in the account: seen, gone back to, thinned out, removed."""

from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.deploy.sagemaker.plan import policy_names, scalable
from vaidya.deploy.sagemaker.watch import Waiting, delete_endpoint, serving_config, wait_in_service
from vaidya.errors import DeploymentError


def scaling_bounds(endpoint: str, aws: Aws) -> dict[str, int] | None:
    """The bounds that autoscaling keeps now, None without any."""
    resources = [scalable(endpoint)["ResourceId"]]
    with explained("reading the scaling"):
        found = aws.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=resources)
    rows = found["ScalableTargets"]
    return {name: rows[0][name] for name in ("MinCapacity", "MaxCapacity")} if rows else None


def remove_scaling(endpoint: str, aws: Aws) -> None:
    """Take the scaling and its alarm away, where there are any."""
    if scaling_bounds(endpoint, aws) is not None:
        aws.autoscaling.deregister_scalable_target(**scalable(endpoint))
    aws.cloudwatch.delete_alarms(AlarmNames=[policy_names(endpoint)[1]])


def our_configs(endpoint: str, aws: Aws) -> list[str]:
    """Configurations that deployments of this endpoint made, newest first."""
    with explained("listing configurations"):
        found = aws.sagemaker.list_endpoint_configs(
            NameContains=f"{endpoint}-v", SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )["EndpointConfigs"]
    ordered = sorted(found, key=lambda row: (row["CreationTime"], row["EndpointConfigName"]), reverse=True)
    return [row["EndpointConfigName"] for row in ordered if row["EndpointConfigName"].startswith(f"{endpoint}-v")]


def prune(endpoint: str, aws: Aws, *, keep: int) -> list[str]:
    """Remove all but the newest configurations, their models and archives; what serves is never removed."""
    serving = serving_config(endpoint, aws)
    old = [name for name in our_configs(endpoint, aws)[keep:] if name != serving]
    for name in old:
        with explained("removing old configurations"):
            remove_config(name, aws)
    return old


def remove_config(name: str, aws: Aws) -> None:
    """A configuration with its model and the model's archive."""
    from botocore.exceptions import ClientError

    try:
        model = aws.sagemaker.describe_model(ModelName=name)
        bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
        aws.s3.delete_object(Bucket=bucket, Key=key)
        aws.sagemaker.delete_model(ModelName=name)
    except ClientError as error:
        if not absent(error):
            raise
    aws.sagemaker.delete_endpoint_config(EndpointConfigName=name)


def rollback(endpoint: str, aws: Aws, waiting: Waiting | None = None) -> str:
    """Serve the newest configuration but the one that serves now; returns its name.

    Raises:
        DeploymentError: there is no endpoint, nothing to go back to, or it does not come up.
    """
    serving = serving_config(endpoint, aws)
    if serving is None:
        raise DeploymentError(f"there is no endpoint {endpoint!r}")
    others = [name for name in our_configs(endpoint, aws) if name != serving]
    if not others:
        raise DeploymentError(f"endpoint {endpoint!r} has no earlier configuration to go back to")
    with explained("going back"):
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=others[0])
    wait_in_service(endpoint, others[0], aws, waiting or Waiting())
    return others[0]


def delete(endpoint: str, aws: Aws, waiting: Waiting | None = None) -> list[str]:
    """Remove the endpoint with everything that deployments made for it; returns the removed configurations."""
    configs = our_configs(endpoint, aws)
    with explained("deleting the endpoint"):
        remove_scaling(endpoint, aws)
        if serving_config(endpoint, aws) is not None:
            delete_endpoint(endpoint, aws, waiting or Waiting())
        for name in configs:
            remove_config(name, aws)
    return configs


def status(endpoint: str, aws: Aws) -> dict[str, Any]:
    """What serves, since when, how many instances, which version."""
    with explained("reading the endpoint"):
        state = aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        tags = aws.sagemaker.list_tags(ResourceArn=state["EndpointArn"])["Tags"]
    variants = state.get("ProductionVariants", [])
    return {
        "endpoint": endpoint,
        "status": state["EndpointStatus"],
        "configuration": state["EndpointConfigName"],
        "changed_at": state["LastModifiedTime"].isoformat(),
        "instances": sum(variant.get("CurrentInstanceCount", 0) for variant in variants),
        "failure": state.get("FailureReason"),
        "earlier": [name for name in our_configs(endpoint, aws) if name != state["EndpointConfigName"]],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }
