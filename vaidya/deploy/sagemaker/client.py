"""A consultation sent to an endpoint: at once when it is small and the endpoint answers at once, else through S3.

SageMaker's limits for a real-time request: 6 MB of body and 60 s of answer (docs: InvokeEndpoint, quotas).
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, code_of, explained
from vaidya.deploy.sagemaker.plan import Plan
from vaidya.errors import DeploymentError
from vaidya.registry.fingerprint import Rehearsal
from vaidya.schema import TriageRecord

REALTIME_BYTES = 6 * 1024 * 1024
ASYNC_TIMEOUT_S = 3_600
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where consultations go: either name may be missing. bucket, prefix: where asynchronous inputs are put."""

    bucket: str
    prefix: str
    realtime: str | None = None
    asynchronous: str | None = None

    def road(self, size_bytes: int) -> str:
        """`realtime` or `asynchronous`, by what the body fits and which endpoint there is.

        Raises:
            DeploymentError: the body is too large for a real-time request and there is no asynchronous endpoint.
        """
        if self.realtime is not None and size_bytes <= REALTIME_BYTES:
            return "realtime"
        if self.asynchronous is not None:
            return "asynchronous"
        raise DeploymentError(
            f"the request has {size_bytes} bytes, a real-time endpoint takes {REALTIME_BYTES}; "
            "deploy an asynchronous endpoint for long recordings"
        )


def endpoints_of(endpoint: str, bucket: str, prefix: str, aws: Aws) -> Endpoints:
    """One endpoint under the road that it answers on, as its configuration says."""
    with explained("reading the endpoint"):
        config = aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        found = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)
    if found.get("AsyncInferenceConfig"):
        return Endpoints(bucket, prefix, asynchronous=endpoint)
    return Endpoints(bucket, prefix, realtime=endpoint)


def smoke_test(plan: Plan, cases: Sequence[Rehearsal], aws: Aws) -> Callable[[str], None]:
    """A test of a new endpoint: the first registered case must be placed in the registered tier."""

    def ask(endpoint: str) -> None:
        if not cases:
            raise DeploymentError("the version was registered without cases to ask; register it again")
        roads = endpoints_of(endpoint, plan.target.bucket, plan.target.prefix, aws)
        tier = invoke(cases[0].request, roads, aws).decision.tier.value
        if tier != cases[0].answer["tier"]:
            raise DeploymentError(f"case {cases[0].case_id} came back {tier}, registered {cases[0].answer['tier']}")

    return ask


def invoke(request: Mapping[str, Any], endpoints: Endpoints, aws: Aws, *, wait_s: float = 900.0) -> TriageRecord:
    """The record of one request.

    Raises:
        DeploymentError: the endpoint refused or failed; the message carries the server's own code.
    """
    body = json.dumps({name: value for name, value in request.items() if value is not None}).encode()
    if endpoints.road(len(body)) == "realtime":
        return TriageRecord.model_validate_json(_at_once(str(endpoints.realtime), body, aws))
    return TriageRecord.model_validate_json(_through_s3(body, endpoints, aws, wait_s))


def _at_once(endpoint: str, body: bytes, aws: Aws) -> bytes:
    from botocore.exceptions import ClientError

    with explained("invoking the endpoint"):
        try:
            answer = aws.runtime.invoke_endpoint(EndpointName=endpoint, ContentType=JSON, Accept=JSON, Body=body)
        except ClientError as error:
            if code_of(error) == "ModelError":
                raise _refused(error.response.get("OriginalMessage", "")) from error
            raise
        return answer["Body"].read()


def _refused(text: str) -> DeploymentError:
    """What the server said, when it said it in our form; nothing else of its answer is repeated."""
    try:
        told = json.loads(text)
        return DeploymentError(f"the server refused: {told['code']}: {told['message']}")
    except (ValueError, KeyError, TypeError):
        return DeploymentError("the server failed without a coded answer; see the endpoint's CloudWatch log")


def _through_s3(body: bytes, endpoints: Endpoints, aws: Aws, wait_s: float) -> bytes:
    key = f"{endpoints.prefix}/async/in/{uuid.uuid4().hex}.json"
    with explained("putting the request into S3"):
        aws.s3.put_object(Bucket=endpoints.bucket, Key=key, Body=body, ContentType=JSON, ServerSideEncryption="aws:kms")
    with explained("invoking the endpoint"):
        answer = aws.runtime.invoke_endpoint_async(
            EndpointName=str(endpoints.asynchronous),
            ContentType=JSON,
            Accept=JSON,
            InputLocation=f"s3://{endpoints.bucket}/{key}",
            InvocationTimeoutSeconds=ASYNC_TIMEOUT_S,
        )
    return _await_output(answer["OutputLocation"], answer.get("FailureLocation"), aws, wait_s)


def _await_output(output: str, failure: str | None, aws: Aws, wait_s: float) -> bytes:
    until, pause = time.monotonic() + wait_s, 0.5
    while True:
        found = _object(output, aws)
        if found is not None:
            return found
        failed = _object(failure, aws) if failure else None
        if failed is not None:
            raise _refused(failed.decode("utf-8", "replace"))
        if time.monotonic() > until:
            raise DeploymentError(f"no answer after {wait_s:.0f} s; it will be at {output}")
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)


def _object(address: str, aws: Aws) -> bytes | None:
    """The object at an s3:// address, None while it is not there."""
    from botocore.exceptions import ClientError

    bucket, _, key = address.removeprefix("s3://").partition("/")
    with explained("reading the answer from S3"):
        try:
            return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise
