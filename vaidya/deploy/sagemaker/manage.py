"""What deployments have left in the account: seen, gone back to, removed."""

from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, explained
from vaidya.deploy.sagemaker.configs import our_configs, remove_config
from vaidya.deploy.sagemaker.plan import async_prefix
from vaidya.deploy.sagemaker.scaling import remove_scaling
from vaidya.deploy.sagemaker.tags import PREVIOUS, read_tags, set_tags
from vaidya.deploy.sagemaker.target import Target
from vaidya.deploy.sagemaker.watch import (
    EndpointState,
    Waiting,
    delete_endpoint,
    endpoint_state,
    refuse_foreign,
    wait_in_service,
)
from vaidya.errors import DeploymentError


def rollback(endpoint: str, aws: Aws, waiting: Waiting | None = None) -> str:
    """Serve the configuration that served before the last deployment; returns its name.

    There is one step back, not a way to and fro: what was gone back from is not gone back to.

    Raises:
        DeploymentError: there is no endpoint, nothing to go back to, or it does not come up.
    """
    state = _existing(endpoint, aws)
    refuse_foreign(endpoint, state)
    earlier = state.tags.get(PREVIOUS)
    if earlier is None or earlier not in our_configs(endpoint, aws):
        raise DeploymentError(f"endpoint {endpoint!r} has no earlier configuration to go back to")
    with explained("going back"):
        aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=earlier)
    wait_in_service(endpoint, earlier, aws, waiting or Waiting())
    with explained("writing down what serves"):
        arn = aws.sagemaker.describe_endpoint_config(EndpointConfigName=earlier)["EndpointConfigArn"]
        set_tags(state.arn, read_tags(arn, aws), aws)
    return earlier


def delete(where: Target, aws: Aws, waiting: Waiting | None = None) -> list[str]:
    """Remove the endpoint with everything that deployments and its callers put there; returns the configurations.

    Raises:
        DeploymentError: an endpoint of that name was not made by a deployment, or it stays.
    """
    endpoint = where.endpoint
    state = endpoint_state(endpoint, aws)
    if state is not None:
        refuse_foreign(endpoint, state)
    configs = our_configs(endpoint, aws)
    with explained("deleting the endpoint"):
        remove_scaling(endpoint, aws)
        if state is not None:
            delete_endpoint(endpoint, aws, waiting or Waiting())
        for name in configs:
            remove_config(name, aws)
        _remove_objects(where.bucket, async_prefix(where.prefix, endpoint), aws)
    return configs


def _remove_objects(bucket: str, prefix: str, aws: Aws) -> None:
    """Requests and answers that nobody fetched: they are what patients said."""
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for row in page.get("Contents", []):
            aws.s3.delete_object(Bucket=bucket, Key=row["Key"])


def status(endpoint: str, aws: Aws) -> dict[str, Any]:
    """What serves, since when, how many instances, which version."""
    state = _existing(endpoint, aws)
    with explained("reading the configuration"):
        variants = aws.sagemaker.describe_endpoint_config(EndpointConfigName=state.config)["ProductionVariants"]
    return {
        "endpoint": endpoint,
        "status": state.status,
        "configuration": state.config,
        "changed_at": state.changed_at,
        "instances": state.instances,
        "instance_type": variants[0]["InstanceType"],
        "failure": state.failure,
        "earlier": [name for name in our_configs(endpoint, aws) if name != state.config],
        "tags": state.tags,
    }


def _existing(endpoint: str, aws: Aws) -> EndpointState:
    state = endpoint_state(endpoint, aws)
    if state is None:
        raise DeploymentError(f"there is no endpoint {endpoint!r}")
    return state
