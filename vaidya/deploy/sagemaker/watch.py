"""What an endpoint does now, and waiting until it does something else."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.errors import DeploymentError

POLL_S = 15.0
LIMIT_S = 45 * 60.0
DONE, BROKEN = "InService", ("Failed", "UpdateRollbackFailed", "OutOfService")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a wait is done: seconds between looks, and in all; say: told each state once a look."""

    poll_s: float = POLL_S
    limit_s: float = LIMIT_S
    say: Say = field(default=lambda _line: None)


def serving_config(endpoint: str, aws: Aws) -> str | None:
    """The configuration that an endpoint serves, None when there is no such endpoint."""
    from botocore.exceptions import ClientError

    with explained("looking for the endpoint"):
        try:
            return str(aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"])
        except ClientError as error:
            if absent(error):
                return None
            raise


def wait_in_service(endpoint: str, config: str, aws: Aws, how: Waiting) -> None:
    """Wait until the endpoint serves that configuration.

    Raises:
        DeploymentError: it failed, SageMaker went back to the old configuration, or the time is over.
    """
    until = time.monotonic() + how.limit_s
    while True:
        with explained("waiting for the endpoint"):
            state = aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        status = state["EndpointStatus"]
        how.say(f"endpoint {endpoint}: {status}")
        if status in BROKEN:
            raise DeploymentError(f"the endpoint is {status}: {state.get('FailureReason', 'no reason given')}")
        if status == DONE:
            if state["EndpointConfigName"] != config:
                reason = state.get("FailureReason", "no reason given")
                raise DeploymentError(f"SageMaker went back to {state['EndpointConfigName']}: {reason}")
            return
        if time.monotonic() > until:
            raise DeploymentError(f"the endpoint is still {status} after {how.limit_s:.0f} s")
        time.sleep(how.poll_s)


def wait_settled(endpoint: str, aws: Aws, how: Waiting) -> None:
    """Wait until an endpoint takes requests again; it refuses an update while it is being updated."""
    until = time.monotonic() + how.limit_s
    while aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"].endswith(("ing", "Back")):
        if time.monotonic() > until:
            raise DeploymentError(f"the endpoint does not settle after {how.limit_s:.0f} s")
        time.sleep(how.poll_s)


def delete_endpoint(endpoint: str, aws: Aws, how: Waiting) -> None:
    """Delete an endpoint and wait until it is gone; raises DeploymentError when it stays."""
    from botocore.exceptions import ClientError

    aws.sagemaker.delete_endpoint(EndpointName=endpoint)
    until = time.monotonic() + how.limit_s
    while time.monotonic() < until:
        try:
            aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        except ClientError as error:
            if absent(error):
                return
            raise
        time.sleep(how.poll_s)
    raise DeploymentError(f"endpoint {endpoint} is still there after {how.limit_s:.0f} s")
