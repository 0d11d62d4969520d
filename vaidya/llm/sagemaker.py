"""A model behind a SageMaker endpoint: real-time, streamed where the container can, or asynchronous through S3.

The container must speak chat completions, as AWS's LMI (vLLM) and TGI containers do.
"""

import contextlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EventStreamError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationError, GenerationUnavailableError
from vaidya.llm.base import JsonSchema, OnText
from vaidya.llm.chat import ChatReply, SchemaStyle, chat_body
from vaidya.llm.reply import ReplyStream
from vaidya.schema import Generation, Message, WeightsUsed
from vaidya.settings import settings

CONNECT_S = 5.0
LONGEST_POLL_S = 5.0
LONGEST_ASYNC_S = 3600  # SageMaker's own limit for one asynchronous request
_UNAVAILABLE = ("ThrottlingException", "ServiceUnavailable", "ModelNotReadyException", "InternalFailure")


class SageMakerOptions(BaseModel):
    """`llm.options` of this backend.

    s3_prefix: s3://bucket/folder where an asynchronous request's body is put, and deleted once it is answered.
    kms_key_id: encrypts that body; without one S3's own key does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: bool = True
    s3_prefix: str | None = Field(default=None, pattern=r"^s3://[a-z0-9.-]+(/.*)?$")
    kms_key_id: str | None = None
    poll_s: float = Field(default=0.5, gt=0, le=60)
    schema_style: SchemaStyle = "json_schema"


class SageMaker:
    """One endpoint. Credentials come from the AWS chain (role, profile, environment), never from a profile's file."""

    name = "sagemaker"

    def __init__(self, config: LlmConfig) -> None:
        if not config.endpoint:
            raise ConfigError("sagemaker needs `llm.endpoint`: the endpoint's name")
        self._options = _options(config)
        self.weights: tuple[WeightsUsed, ...] = ()
        self._config = config
        limits = Config(
            connect_timeout=CONNECT_S,
            read_timeout=config.timeout_s,
            retries={"mode": "standard", "max_attempts": 3},
        )
        session = boto3.Session(region_name=settings().aws_region)
        try:
            self._runtime: Any = session.client("sagemaker-runtime", config=limits)
            self._s3: Any = session.client("s3", config=limits) if config.asynchronous else None
        except NoRegionError as error:
            raise ConfigError("no AWS region: set VAIDYA_AWS_REGION or AWS_REGION") from error

    def generate(
        self,
        messages: Sequence[Message],
        schema: JsonSchema | None = None,
        *,
        max_tokens: int | None = None,
        on_text: OnText | None = None,
    ) -> Generation:
        """One reply. An asynchronous one arrives whole, so on_text hears it in one piece.

        Raises:
            GenerationTimeoutError: the time limit passed.
            GenerationUnavailableError: no such endpoint, no credentials, or an overload that lasts.
            GenerationError: the container failed.
        """
        stream = ReplyStream(self._config.timeout_s, on_text)
        limit = max_tokens or self._config.max_tokens
        body = chat_body(messages, schema, self._config, max_tokens=limit, style=self._options.schema_style)
        if self._config.model:
            body["model"] = self._config.model
        name = self._config.model or f"sagemaker:{self._config.endpoint}"
        return stream.unless_ended(name, lambda: self._ask(body, ChatReply(stream, name, limit), stream))

    def _ask(self, body: dict[str, Any], reply: ChatReply, stream: ReplyStream) -> Generation:
        with self._coded(stream):
            if self._config.asynchronous:
                reply.whole(self._through_s3(body, stream))
            elif self._options.stream:
                self._streamed(body, reply)
            else:
                answer = self._runtime.invoke_endpoint(**self._call(body))
                reply.whole(answer["Body"].read())
        stream.check()
        return reply.generation()

    def _call(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "EndpointName": self._config.endpoint,
            "ContentType": "application/json",
            "Body": json.dumps(body).encode(),
        }

    def _streamed(self, body: dict[str, Any], reply: ChatReply) -> None:
        body = {**body, "stream": True, "stream_options": {"include_usage": True}}
        answer = self._runtime.invoke_endpoint_with_response_stream(**self._call(body))
        with contextlib.closing(answer["Body"]) as events:
            for line in _lines(events):
                reply.line(line)
                if reply.done:
                    return

    def _through_s3(self, body: dict[str, Any], stream: ReplyStream) -> bytes:
        """Put the request into S3, wait for the answer, take it, and leave nothing of either behind."""
        assert self._options.s3_prefix is not None
        bucket, folder = _place(self._options.s3_prefix)
        place = (bucket, f"{folder}{'/' if folder else ''}{uuid.uuid4()}.json")
        self._put(place, json.dumps(body).encode())
        try:
            answer = self._runtime.invoke_endpoint_async(
                EndpointName=self._config.endpoint,
                ContentType="application/json",
                InputLocation=f"s3://{place[0]}/{place[1]}",
                InvocationTimeoutSeconds=max(1, min(LONGEST_ASYNC_S, int(self._config.timeout_s))),
            )
            return self._wait(_place(answer["OutputLocation"]), _place(answer.get("FailureLocation", "")), stream)
        finally:
            self._s3.delete_object(Bucket=place[0], Key=place[1])

    def _put(self, place: tuple[str, str], data: bytes) -> None:
        key = self._options.kms_key_id
        locked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {"ServerSideEncryption": "AES256"}
        self._s3.put_object(Bucket=place[0], Key=place[1], Body=data, ContentType="application/json", **locked)

    def _wait(self, output: tuple[str, str], failure: tuple[str, str], stream: ReplyStream) -> bytes:
        pause_s = self._options.poll_s
        while True:
            found = self._taken(output)
            if found is not None:
                return found
            if failure[0] and self._taken(failure) is not None:
                raise GenerationError(f"endpoint {self._config.endpoint!r} failed on the request; see its log")
            stream.check()
            time.sleep(min(pause_s, max(stream.remaining_s, 0.0)))
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)

    def _taken(self, place: tuple[str, str]) -> bytes | None:
        """An object's bytes, deleted once read; None while there is none."""
        try:
            data = self._s3.get_object(Bucket=place[0], Key=place[1])["Body"].read()
        except ClientError as error:
            # Without the right to list the bucket, S3 says 403 for what is not there yet.
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404", "AccessDenied", "403"):
                return None
            raise
        self._s3.delete_object(Bucket=place[0], Key=place[1])
        return bytes(data)

    @contextmanager
    def _coded(self, stream: ReplyStream) -> Iterator[None]:
        """AWS's errors as ours; their messages may quote the request and are not passed on."""
        endpoint = self._config.endpoint
        try:
            yield
        except ReadTimeoutError as error:
            raise stream.timed_out() from error
        except NoCredentialsError as error:
            raise GenerationUnavailableError(
                "no AWS credentials: set a role, a profile or AWS_ACCESS_KEY_ID"
            ) from error
        except (ClientError, EventStreamError) as error:
            code = error.response["Error"]["Code"]
            if code in _UNAVAILABLE or "Could not find" in str(error):
                raise GenerationUnavailableError(f"endpoint {endpoint!r} cannot be used: {code}") from None
            raise GenerationError(f"endpoint {endpoint!r} answered with {code}") from None
        except BotoCoreError as error:
            raise GenerationUnavailableError(f"endpoint {endpoint!r}: {type(error).__name__}") from error

    def warm(self, messages: Sequence[Message]) -> None:
        """Have the container read the prefix; an asynchronous endpoint may be scaled to nothing and is left so."""
        if not self._config.asynchronous:
            self.generate(messages, max_tokens=1)

    def close(self) -> None:
        """Close the connections."""
        self._runtime.close()
        if self._s3 is not None:
            self._s3.close()


def _options(config: LlmConfig) -> SageMakerOptions:
    try:
        options = SageMakerOptions.model_validate(config.options)
    except ValidationError as error:
        known = ", ".join(SageMakerOptions.model_fields)
        raise ConfigError(f"`llm.options` of sagemaker: {error.error_count()} problem(s); there are {known}") from error
    if config.asynchronous and options.s3_prefix is None:
        raise ConfigError("an asynchronous endpoint needs `llm.options.s3_prefix`, for example s3://bucket/requests")
    return options


def _place(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")  # a key may hold # and ?
    return bucket, key.strip("/")


def _lines(events: Any) -> Iterator[str]:
    """Lines of a reply whose parts are cut anywhere, even within a character."""
    rest = b""
    for event in events:
        *whole, rest = (rest + event.get("PayloadPart", {}).get("Bytes", b"")).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", errors="replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", errors="replace")
