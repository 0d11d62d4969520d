"""A consultation sent to an endpoint: at once when it is small and the endpoint answers at once, else through S3.

SageMaker's limits for a real-time request: 6 MB of body and 60 s of answer (docs: InvokeEndpoint, quotas).
"""

import base64
import binascii
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vaidya.deploy.sagemaker.aws import Aws, code_of, explained
from vaidya.deploy.sagemaker.plan import Plan, async_prefix, encrypted
from vaidya.errors import AudioError, ConfigError, DeploymentError, QueueFullError
from vaidya.registry.fingerprint import Rehearsal
from vaidya.schema import TriageRecord

LOG = logging.getLogger("vaidya.deploy")
REALTIME_BYTES = 6 * 1024 * 1024
# The answer to a longer recording may take longer than the minute that SageMaker waits: a loaded server without a GPU
# needs about as long as the recording lasts.
REALTIME_AUDIO_S = 60.0
ASYNC_TIMEOUT_S = 3_600
QUEUE_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)  # before asking again where the queue was full
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where consultations go: either name may be missing.

    bucket, prefix: where asynchronous inputs are put. kms_key_id: what encrypts them, else the account's own key.
    """

    bucket: str
    prefix: str
    realtime: str | None = None
    asynchronous: str | None = None
    kms_key_id: str | None = None

    def road(self, size_bytes: int, audio_s: Callable[[], float] = lambda: 0.0) -> str:
        """`realtime` or `asynchronous`, by what fits and which endpoint there is.

        audio_s: seconds of sound, asked only where there is a choice.

        Raises:
            DeploymentError: the body is too large for a real-time request and there is no asynchronous endpoint.
        """
        if self.asynchronous is None and size_bytes > REALTIME_BYTES:
            raise DeploymentError(
                f"the request has {size_bytes} bytes, a real-time endpoint takes {REALTIME_BYTES}; deploy an "
                "asynchronous endpoint for long recordings and name it with --async-endpoint"
            )
        if self.realtime is None or size_bytes > REALTIME_BYTES:
            return "asynchronous"
        if self.asynchronous is None or audio_s() <= REALTIME_AUDIO_S:
            return "realtime"
        return "asynchronous"


def endpoints_of(endpoint: str, bucket: str, prefix: str, aws: Aws, *, asynchronous: str | None = None) -> Endpoints:
    """Endpoints under the roads that they answer on, as their configurations say.

    asynchronous: a second endpoint, for what does not fit a real-time request.

    Raises:
        ConfigError: the second endpoint answers at once.
    """
    output = _async_output(endpoint, aws)
    if asynchronous is None and output is not None:
        return Endpoints(bucket, prefix, asynchronous=endpoint, kms_key_id=output.get("KmsKeyId"))
    if asynchronous is None:
        return Endpoints(bucket, prefix, realtime=endpoint)
    second = _async_output(asynchronous, aws)
    if second is None or output is not None:
        raise ConfigError(f"{endpoint!r} should answer at once and {asynchronous!r} through S3; one of them does not")
    return Endpoints(bucket, prefix, endpoint, asynchronous, second.get("KmsKeyId"))


def _async_output(endpoint: str, aws: Aws) -> Mapping[str, Any] | None:
    """Where and how an asynchronous endpoint writes its answers; None for one that answers at once."""
    with explained(f"reading the endpoint {endpoint}"):
        config = aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        found = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)
    return found["AsyncInferenceConfig"]["OutputConfig"] if found.get("AsyncInferenceConfig") else None


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
    road = endpoints.road(len(body), lambda: audio_seconds(request.get("audio")))
    try:
        if road == "realtime":
            return TriageRecord.model_validate_json(_in_turn(str(endpoints.realtime), body, aws))
        return TriageRecord.model_validate_json(_through_s3(body, endpoints, aws, wait_s))
    except QueueFullError as error:
        raise DeploymentError(f"the server refused: {error.code}: {error}") from error


def audio_seconds(audio: object) -> float:
    """How long a request's recording lasts: 0 without one, infinite where only the server can tell."""
    from vaidya.audio import read_recording

    if not isinstance(audio, str) or not audio:
        return 0.0
    if "://" in audio[:10]:
        return float("inf")
    try:
        return read_recording(base64.b64decode(audio)).info.duration_s
    except (AudioError, binascii.Error, ValueError):
        return float("inf")  # too long, or the server says what is wrong with it


def _in_turn(endpoint: str, body: bytes, aws: Aws) -> bytes:
    """Ask again only where the queue was full: anything else may have been a consultation already."""
    for wait_s in QUEUE_WAITS_S:
        try:
            return _at_once(endpoint, body, aws)
        except QueueFullError:
            time.sleep(wait_s)
    return _at_once(endpoint, body, aws)


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


def _refused(text: str) -> DeploymentError | QueueFullError:
    """What the server said, when it said it in our form; nothing else of its answer is repeated."""
    try:
        told = json.loads(text)
        code, message = told["code"], told["message"]
    except (ValueError, KeyError, TypeError):
        return DeploymentError("the server failed without a coded answer; see the endpoint's CloudWatch log")
    if code == QueueFullError.code:
        return QueueFullError(message)
    return DeploymentError(f"the server refused: {code}: {message}")


def _through_s3(body: bytes, endpoints: Endpoints, aws: Aws, wait_s: float) -> bytes:
    """Put the request into S3, wait for the answer, and leave nothing of either behind."""
    name = str(endpoints.asynchronous)
    key = f"{async_prefix(endpoints.prefix, name)}/in/{uuid.uuid4().hex}.json"
    put = {"Bucket": endpoints.bucket, "Key": key, "Body": body, "ContentType": JSON}
    with explained("putting the request into S3"):
        aws.s3.put_object(**put, **encrypted(endpoints.kms_key_id))
    place = f"s3://{endpoints.bucket}/{key}"
    try:
        with explained("invoking the endpoint"):
            answer = aws.runtime.invoke_endpoint_async(
                EndpointName=name,
                ContentType=JSON,
                Accept=JSON,
                InputLocation=place,
                InvocationTimeoutSeconds=ASYNC_TIMEOUT_S,
            )
        return _await_output(answer["OutputLocation"], answer.get("FailureLocation"), aws, wait_s)
    except TimeoutError as error:
        raise DeploymentError(f"no answer after {wait_s:.0f} s, and the request was removed; {error}") from error
    finally:
        _remove(place, aws)


def _await_output(output: str, failure: str | None, aws: Aws, wait_s: float) -> bytes:
    until, pause = time.monotonic() + wait_s, 0.5
    while True:
        found = _taken(output, aws)
        if found is not None:
            return found
        failed = _taken(failure, aws) if failure else None
        if failed is not None:
            raise _refused(failed.decode("utf-8", "replace"))
        if time.monotonic() > until:
            raise TimeoutError(f"it was to be at {output}: is the endpoint at work, and may this role read there?")
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)


def _taken(address: str, aws: Aws) -> bytes | None:
    """The object at an s3:// address, removed once it is read; None while it is not there."""
    from botocore.exceptions import ClientError

    bucket, key = _split(address)
    with explained("reading the answer from S3"):
        try:
            found = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            # Without the right to list the bucket, S3 says 403 for what is not there yet.
            if code_of(error) in ("NoSuchKey", "404", "AccessDenied", "403"):
                return None
            raise
    _remove(address, aws)
    return bytes(found)


def _remove(address: str, aws: Aws) -> None:
    """What patients said does not stay; where that fails, the answer is not lost for it."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = _split(address)
    try:
        aws.s3.delete_object(Bucket=bucket, Key=key)
    except (BotoCoreError, ClientError) as error:
        LOG.warning("%s stays in S3 (%s): the bucket's lifecycle rule removes it", address, type(error).__name__)


def _split(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
