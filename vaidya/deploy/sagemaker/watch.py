"""What an endpoint does now, and waiting until it does something else."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vaidya.deploy.sagemaker.aws import Aws, absent, explained
from vaidya.deploy.sagemaker.tags import OWNER, Tags, read_tags
from vaidya.errors import DeploymentError

POLL_S = 15.0
LIMIT_S = 45 * 60.0
# States of SageMaker's DescribeEndpoint. An endpoint whose creation failed takes no other request than its deletion.
DONE, FAILED = "InService", "Failed"
BROKEN = (FAILED, "UpdateRollbackFailed", "OutOfService")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a wait is done: seconds between looks, and in all; say: told each state once a look."""

    poll_s: float = POLL_S
    limit_s: float = LIMIT_S
    say: Say = field(default=lambda _line: None)


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint as it is now. instances: those of its one variant. changed_at: ISO 8601."""

    arn: str
    config: str
    status: str
    instances: int
    changed_at: str
    failure: str | None
    tags: Tags

    @property
    def busy(self) -> bool:
        """Whether something is being done with it."""
        return _is_busy(self.status)


def endpoint_state(endpoint: str, aws: Aws) -> EndpointState | None:
    """An endpoint's state, None when there is no such endpoint."""
    from botocore.exceptions import ClientError

    with explained("looking for the endpoint"):
        try:
            found = aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        except ClientError as error:
            if absent(error):
                return None
            raise
    return EndpointState(
        arn=found["EndpointArn"],
        config=found["EndpointConfigName"],
        status=found["EndpointStatus"],
        instances=sum(variant.get("CurrentInstanceCount", 0) for variant in found.get("ProductionVariants", [])),
        changed_at=found["LastModifiedTime"].isoformat(),
        failure=found.get("FailureReason"),
        tags=read_tags(found["EndpointArn"], aws),
    )


def refuse_foreign(endpoint: str, state: EndpointState) -> None:
    """Raises DeploymentError when an endpoint was not made by a deployment of ours."""
    if state.tags.get(OWNER) != endpoint:
        raise DeploymentError(
            f"endpoint {endpoint!r} carries no tag {OWNER}={endpoint}, so no deployment of ours made it; "
            "give another --endpoint, or add the tag if it is yours"
        )


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


def wait_settled(endpoint: str, aws: Aws, how: Waiting) -> str:
    """Wait until an endpoint takes requests again, and tell its state; it refuses an update while it is updated."""
    until = time.monotonic() + how.limit_s
    while True:
        status = str(aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"])
        if not _is_busy(status):
            return status
        if time.monotonic() > until:
            raise DeploymentError(f"the endpoint does not settle after {how.limit_s:.0f} s")
        time.sleep(how.poll_s)


def _is_busy(status: str) -> bool:
    """Creating, Updating, SystemUpdating, RollingBack, Deleting."""
    return status.endswith(("ing", "Back"))


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
