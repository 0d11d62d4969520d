"""The AWS clients that a deployment uses, and what their errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vaidya import backends
from vaidya.errors import DeploymentError

ATTEMPTS = 8  # the adaptive mode waits longer after each throttled call
# What is found, and what to do. Codes: AWS API references, "Common Errors" and SageMaker's own.
ADVICE = {
    "ExpiredToken": "the session's credentials have expired: sign in again, then run the same command",
    "ExpiredTokenException": "the session's credentials have expired: sign in again, then run the same command",
    "RequestExpired": "the session's credentials have expired, or this machine's clock is wrong",
    "UnrecognizedClientException": "the credentials are not valid in this account or region",
    "AccessDenied": "a permission is missing: compare the role with the policies that --dry-run prints",
    "AccessDeniedException": "a permission is missing: compare the role with the policies that --dry-run prints",
    "ResourceLimitExceeded": "no quota for this instance: ask for it under Service Quotas, or give another --instance",
    "ThrottlingException": "AWS is throttling this account: wait some minutes, then run the same command",
    "Throttling": "AWS is throttling this account: wait some minutes, then run the same command",
    "NoSuchBucket": "the bucket does not exist in this account: create it, or set VAIDYA_SAGEMAKER_BUCKET",
}


@dataclass(frozen=True, slots=True)
class Aws:
    """One client a service."""

    sagemaker: Any
    runtime: Any
    s3: Any
    autoscaling: Any
    cloudwatch: Any


def connect(region: str) -> Aws:
    """Clients of one region, with retries where asking again does nothing twice.

    Raises:
        BackendMissingError: boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise backends.missing(error, "SageMaker") from error
    session = boto3.Session(region_name=region)
    # A request sent again is a consultation done again: after a time-out the first may still be at work.
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=10, read_timeout=70)
    often = once.merge(Config(retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS}))
    services = ("s3", "application-autoscaling", "cloudwatch")
    return Aws(
        session.client("sagemaker", config=often),
        session.client("sagemaker-runtime", config=once),
        *(session.client(name, config=often) for name in services),
    )


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turns an AWS error inside the block into a DeploymentError that says what was being done and what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = code_of(error)
        advice = ADVICE.get(code, "see the endpoint's page and CloudWatch log in the AWS console")
        raise DeploymentError(f"{doing} failed with {code}: {advice}") from error
    except BotoCoreError as error:
        raise DeploymentError(
            f"{doing} failed: {type(error).__name__}; is the network and the region right?"
        ) from error


def code_of(error: Any) -> str:
    """The error code that AWS gave."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def absent(error: Any) -> bool:
    """Whether an error says that the resource does not exist; SageMaker says so in a validation error's message."""
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    return code_of(error) in ("ResourceNotFound", "ObjectNotFoundException", "404", "NoSuchKey") or (
        "could not find" in message or "does not exist" in message
    )
