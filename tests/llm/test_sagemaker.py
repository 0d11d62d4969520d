"""SageMaker endpoints: invocations against moto, and its event stream from a server on loopback."""

import json
import struct
import zlib
from collections.abc import Iterator

import pytest

pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'vaidya[aws]'")
pytest.importorskip("moto", reason="moto is not installed: pip install 'vaidya[dev]'")

import boto3
import botocore.session
import moto
import requests

from tests.llm.conftest import SCHEMA, ask
from tests.llm.servers import Handler, piece, serving
from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationError, GenerationTimeoutError, GenerationUnavailableError
from vaidya.llm.base import EndReply, load_language_model
from vaidya.llm.sagemaker import SageMaker
from vaidya.schema import FinishReason
from vaidya.settings import settings

REPLY = {
    "model": "medgemma",
    "choices": [{"message": {"role": "assistant", "content": '{"tier":"URGENT"}'}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 5},
}


def engine(**changes: object) -> SageMaker:
    options = {"backend": "sagemaker", "endpoint": "vaidya", "weights": None, "timeout_s": 20.0}
    found = load_language_model(LlmConfig.model_validate({**options, **changes}))
    assert isinstance(found, SageMaker)
    return found


@pytest.fixture(autouse=True)
def own_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAIDYA_AWS_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    settings.cache_clear()


@pytest.fixture
def cloud() -> Iterator[None]:
    with moto.mock_aws():
        yield


def queue(route: str, *results: dict) -> None:
    """What moto's endpoint answers next."""
    answer = requests.post(f"http://motoapi.amazonaws.com/moto-api/static/sagemaker/{route}", json={"results": results})
    assert answer.status_code == 201


def body(reply: dict) -> dict:
    return {
        "Body": json.dumps(reply),
        "ContentType": "application/json",
        "InvokedProductionVariant": "a",
        "CustomAttributes": "b",
    }


def test_a_real_time_reply(cloud):
    queue("endpoint-results", body(REPLY))
    pieces: list[str] = []
    reply = engine(options={"stream": False}).generate(ask("hello"), SCHEMA, on_text=pieces.append)
    assert reply.text == '{"tier":"URGENT"}' == "".join(pieces)
    assert reply.finish_reason is FinishReason.STOP
    assert (reply.model, reply.tokens_in, reply.tokens_out) == ("medgemma", 9, 5)


def test_an_answer_that_is_no_completion(cloud):
    with pytest.raises(GenerationError, match="not JSON"):
        engine(options={"stream": False}).generate(ask("hello"))


@pytest.fixture
def bucket(cloud):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="clinic")
    return s3


def asynchronous(**changes: object) -> SageMaker:
    return engine(asynchronous=True, options={"s3_prefix": "s3://clinic/requests", "poll_s": 0.01}, **changes)


def test_an_asynchronous_reply_leaves_nothing_in_s3(bucket):
    queue("async-endpoint-results", {"data": json.dumps(REPLY)})
    assert asynchronous().generate(ask("hello"), SCHEMA).text == '{"tier":"URGENT"}'
    for found in bucket.list_buckets()["Buckets"]:
        assert bucket.list_objects_v2(Bucket=found["Name"])["KeyCount"] == 0


def test_an_asynchronous_failure_is_coded(bucket):
    queue("async-endpoint-results", {"is_failure": True, "data": "secret words"})
    with pytest.raises(GenerationError, match="failed") as caught:
        asynchronous().generate(ask("hello"))
    assert "secret" not in str(caught.value)
    assert bucket.list_objects_v2(Bucket="clinic")["KeyCount"] == 0


def test_an_asynchronous_reply_that_never_comes(bucket, monkeypatch):
    model = asynchronous(timeout_s=0.2)
    gone = {"OutputLocation": "s3://clinic/none.out", "FailureLocation": "s3://clinic/none.fail"}
    monkeypatch.setattr(model._runtime, "invoke_endpoint_async", lambda **_: gone)
    with pytest.raises(GenerationTimeoutError):
        model.generate(ask("hello"))
    assert bucket.list_objects_v2(Bucket="clinic")["KeyCount"] == 0


def test_a_missing_bucket_is_coded(cloud):
    with pytest.raises(GenerationError, match="NoSuchBucket"):
        asynchronous().generate(ask("hello"))


def test_asynchronous_endpoints_are_not_warmed(cloud):
    asynchronous().warm(ask("prefix"))


# --- streamed --------------------------------------------------------------------------------------------------------


def _message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of AWS's event stream: lengths, a checksum of them, headers, payload, a checksum of all."""
    coded = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(coded) + len(payload), len(coded))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + coded + payload
    return start + struct.pack(">I", zlib.crc32(start))


def _part(data: bytes) -> bytes:
    headers = {":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream"}
    return _message(headers, data)


@pytest.fixture
def loopback(monkeypatch):
    """A server that the AWS client takes for SageMaker's runtime; the test writes its answers."""
    answers: list = []

    def act(handler: Handler, request: dict) -> None:
        status, data = answers.pop(0)
        if status == 200:
            handler.answer(200, data, content_type="application/vnd.amazon.eventstream")
        else:
            handler.answer(status, {"message": "x"}, **{"x_amzn_errortype": data})

    with serving(act) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url.removesuffix("/v1"))
        yield answers, asked


def test_a_streamed_reply_cut_anywhere(loopback):
    answers, asked = loopback
    events = [piece("बु"), piece("खार"), piece(finish="stop"), {"choices": [], **{"usage": REPLY["usage"]}}]
    text = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events) + "data: [DONE]\n\n"
    data = text.encode()
    answers.append((200, b"".join(_part(data[i : i + 7]) for i in range(0, len(data), 7))))
    pieces: list[str] = []
    reply = engine().generate(ask("hello"), SCHEMA, on_text=pieces.append)
    assert reply.text == "बुखार"
    assert pieces == ["बु", "खार"]
    assert reply.tokens_out == 5
    assert asked[0]["stream"] is True
    assert asked[0]["response_format"]["type"] == "json_schema"


def test_a_streamed_reply_that_its_listener_ends(loopback):
    answers, _ = loopback
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in (piece("one"), piece("two"), piece("three")))
    answers.append((200, _part(text.encode())))

    def enough(text: str) -> None:
        if text == "two":
            raise EndReply

    reply = engine().generate(ask("hello"), SCHEMA, on_text=enough)
    assert (reply.text, reply.finish_reason, reply.tokens_out) == ("onetwo", FinishReason.ENDED, 2)


def test_a_stream_that_breaks_off(loopback):
    answers, _ = loopback
    failed = {":message-type": "exception", ":exception-type": "ModelStreamError"}
    answers.append((200, _part(b'data: {"choices": []}\n') + _message(failed, b'{"Message": "secret"}')))
    with pytest.raises(GenerationError) as caught:
        engine().generate(ask("hello"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [(424, "ModelError", GenerationError), (400, "ThrottlingException", GenerationUnavailableError)],
)
def test_errors_are_coded(loopback, status, kind, error):
    answers, _ = loopback
    answers += [(status, kind)] * 6  # the client tries again by itself
    with pytest.raises(error, match=kind):
        engine().generate(ask("hello"))


# --- set-up ----------------------------------------------------------------------------------------------------------


def test_no_credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(botocore.session.Session, "get_credentials", lambda _: None)
    with pytest.raises(GenerationUnavailableError, match="credentials"):
        engine().generate(ask("hello"))


def test_configuration_is_checked(monkeypatch):
    with pytest.raises(ConfigError, match=r"llm\.endpoint"):
        engine(endpoint=None)
    with pytest.raises(ConfigError, match="s3_prefix"):
        engine(asynchronous=True)
    with pytest.raises(ConfigError, match="poll_s"):
        engine(options={"poll": 1})
    engine().close()
