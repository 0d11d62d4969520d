"""OpenAI-compatible servers: the real one that llama.cpp opens, and others that misbehave."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.conftest import SCHEMA, ask, ends_at_its_listeners_wish
from tests.llm.servers import Handler, piece, serving
from vaidya.config import LlmConfig
from vaidya.errors import (
    ConfigError,
    GenerationContextError,
    GenerationError,
    GenerationTimeoutError,
    GenerationUnavailableError,
)
from vaidya.llm import openai
from vaidya.llm.llama_server import LlamaServer
from vaidya.llm.openai import OpenAICompatible
from vaidya.llm.reply import ALTERNATIVES, OPENING_TOKENS
from vaidya.schema import FinishReason
from vaidya.settings import settings

USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}}


def client(url: str, **changes: object) -> OpenAICompatible:
    options = {"backend": "openai", "base_url": url, "model": "served", "weights": None, "timeout_s": 20.0}
    return OpenAICompatible(LlmConfig.model_validate({**options, **changes}))


def good(handler: Handler, _: dict) -> None:
    handler.events(
        ": comment",
        piece("be"),
        "event: x",
        piece("tter"),
        piece(finish="stop"),
        {"choices": [], **USAGE},
        "data: [DONE]",
    )


# --- the real server -------------------------------------------------------------------------------------------------


@pytest.fixture
def real(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = LlamaServer(tiny_gguf, None, LlmConfig(context_tokens=768, threads=1))
    monkeypatch.setenv("VAIDYA_API_KEY", server._key)
    settings.cache_clear()
    yield f"{server._native.listening_address}/v1"
    server.close()


def test_a_real_server_streams_a_reply_that_follows_the_schema(real):
    pieces: list[str] = []
    reply = client(real).generate(ask("hello"), SCHEMA, max_tokens=200, on_text=pieces.append)
    assert set(json.loads(reply.text)) == {"tier", "words"}
    assert "".join(pieces) == reply.text
    assert len(pieces) > 3
    assert reply.finish_reason is FinishReason.STOP
    assert reply.tokens_in > 100
    assert reply.tokens_out >= len(pieces)  # a character of several bytes takes several tokens


def test_an_error_in_the_listener_reaches_the_caller_and_the_next_request_is_served(real):
    def broken(_: str) -> None:
        raise RuntimeError("listener")

    engine = client(real)
    with pytest.raises(RuntimeError, match="listener"):
        engine.generate(ask("hello"), on_text=broken)
    assert engine.generate(ask("hello"), max_tokens=2).tokens_out == 2


def test_a_reply_that_its_listener_ends_is_returned_and_the_next_request_is_served(real):
    ends_at_its_listeners_wish(client(real, model=None))


def test_a_real_server_tells_its_only_model(real):
    assert client(real, model=None).generate(ask("hello"), max_tokens=2).model == "tiny-gemma3.gguf"


def test_a_real_server_cuts_at_the_limit_and_keeps_the_warm_prefix(real):
    engine = client(real)
    engine.warm(ask("hello"))
    reply = engine.generate(ask("hello"), max_tokens=4)
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.tokens_cached > 100


def test_a_real_server_says_that_the_request_is_too_long(real):
    with pytest.raises(GenerationContextError) as caught:
        client(real).generate(ask("secret " * 400))
    assert "secret" not in str(caught.value)


def test_a_real_server_refuses_the_wrong_key(real, monkeypatch):
    monkeypatch.setenv("VAIDYA_API_KEY", "wrong")
    settings.cache_clear()
    with pytest.raises(GenerationUnavailableError, match="VAIDYA_API_KEY"):
        client(real).generate(ask("hello"))


# --- servers that misbehave ------------------------------------------------------------------------------------------


def test_a_streamed_reply_with_its_counts():
    with serving(good) as (url, requests):
        reply = client(url).generate(ask("hello"), SCHEMA)
    assert (reply.text, reply.tokens_in, reply.tokens_cached, reply.tokens_out) == ("better", 7, 3, 2)
    assert requests[0]["response_format"]["json_schema"]["schema"]["properties"].keys() == {"tier", "words"}
    assert requests[0]["authorization"] is None


def test_a_server_that_does_not_stream():
    def act(handler, _):
        message = {"role": "assistant", "content": "whole"}
        handler.answer(200, {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}], **USAGE})

    with serving(act) as (url, _):
        assert client(url).generate(ask("hello")).text == "whole"


def test_an_overloaded_server_is_asked_again(monkeypatch):
    monkeypatch.setattr(openai, "BACKOFF_S", 0.01)

    def act(handler, _):
        if len(requests) < 3:
            handler.answer(429 if len(requests) == 1 else 503, {}, retry_after="0")
        else:
            good(handler, {})

    with serving(act) as (url, requests):
        assert client(url).generate(ask("hello")).text == "better"
        assert len(requests) == 3


def test_a_server_that_stays_overloaded(monkeypatch):
    monkeypatch.setattr(openai, "BACKOFF_S", 0.01)
    with serving(lambda handler, _: handler.answer(503, {})) as (url, requests):
        with pytest.raises(GenerationUnavailableError, match="4 tries"):
            client(url).generate(ask("hello"))
        assert len(requests) == 4


def test_a_wait_past_the_time_limit_is_not_begun():
    with serving(lambda handler, _: handler.answer(429, {}, retry_after="600")) as (url, _):
        start = time.perf_counter()
        with pytest.raises(GenerationUnavailableError, match="past the time limit"):
            client(url).generate(ask("hello"))
        assert time.perf_counter() - start < 20


@pytest.mark.parametrize("field", ["top_logprobs", "response_format", "stream_options"])
def test_a_server_that_refuses_a_field_is_asked_without_it(field):
    def act(handler, request):
        if field in request:
            handler.answer(400, {"error": {"message": f"unknown field {field}", "type": "invalid_request_error"}})
        else:
            good(handler, request)

    with serving(act) as (url, requests):
        engine = client(url)
        assert engine.generate(ask("hello"), SCHEMA).text == "better"
        before = len(requests)
        engine.generate(ask("hello"), SCHEMA)
        assert len(requests) == before + 1
        assert ("response_format" in requests[-1]) == (field == "top_logprobs")


def test_alternatives_are_read_from_the_beginning_alone():
    def event(number):
        listed = [{"token": "a", "logprob": -0.5}, {"token": str(number), "logprob": -2.0}]
        found = piece("a")
        found["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": listed}]}
        return found

    with serving(lambda handler, _: handler.events(*map(event, range(40)), piece(finish="stop"))) as (url, requests):
        reply = client(url).generate(ask("hello"), SCHEMA)
        assert client(url).generate(ask("hello")).text == reply.text
    assert [token.alternatives for token in reply.opening] == [
        {"a": -0.5, str(number): -2.0} for number in range(OPENING_TOKENS)
    ]
    assert [request.get("top_logprobs") for request in requests] == [ALTERNATIVES, None]


def test_a_refusal_is_coded_and_not_quoted():
    body = {"error": {"message": "bad: secret", "type": "invalid"}}
    with (
        serving(lambda handler, _: handler.answer(400, body)) as (url, _),
        pytest.raises(GenerationError, match="invalid") as caught,
    ):
        client(url).generate(ask("secret"), SCHEMA)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "context_length_exceeded", "message": "x"}},
        {"object": "error", "message": "This model's maximum context length is 10 tokens", "code": 400},
    ],
)
def test_too_long_a_request_in_several_servers_words(body):
    with serving(lambda handler, _: handler.answer(400, body)) as (url, requests):
        with pytest.raises(GenerationContextError):
            client(url).generate(ask("hello"), SCHEMA)
        assert len(requests) == 1


@pytest.mark.parametrize(
    "events",
    [
        [piece("half a rep")],
        [piece("half"), {"error": {"type": "server_error", "message": "out of memory"}}],
        [piece("half"), 'error: {"code": 500, "message": "x"}'],
        [piece("half"), "data: {not json"],
        [piece("half"), piece(finish="abort"), "data: [DONE]"],
        ["data: [1, 2]"],
    ],
    ids=["broken off", "error event", "error line", "not json", "aborted", "a list"],
)
def test_a_reply_that_is_not_complete_is_an_error(events):
    with serving(lambda handler, _: handler.events(*events)) as (url, requests):
        with pytest.raises(GenerationError):
            client(url).generate(ask("hello"))
        assert len(requests) == 1


def test_a_web_page_is_not_a_reply():
    with (
        serving(lambda handler, _: handler.answer(200, b"<html>login</html>", content_type="text/html")) as (url, _),
        pytest.raises(GenerationError, match="not JSON"),
    ):
        client(url).generate(ask("hello"))


def test_a_missing_model_is_named():
    with (
        serving(lambda handler, _: handler.answer(404, {"error": "model not found"})) as (url, _),
        pytest.raises(GenerationUnavailableError, match="'served'"),
    ):
        client(url).generate(ask("hello"))


def test_a_server_that_ignores_the_token_limit_is_stopped():
    with (
        serving(lambda handler, _: handler.events(*[piece("x" * 1000)] * 50)) as (url, _),
        pytest.raises(GenerationError, match="max_tokens"),
    ):
        client(url).generate(ask("hello"), max_tokens=16)


@pytest.mark.parametrize("pause_s", [0.05, 30.0], ids=["drips", "stalls"])
def test_a_slow_server_is_stopped_at_the_time_limit(pause_s):
    with serving(lambda handler, _: handler.events(*[piece("x")] * 100, pause_s=pause_s)) as (url, _):
        start = time.perf_counter()
        with pytest.raises(GenerationTimeoutError):
            client(url, timeout_s=0.5).generate(ask("hello"))
        assert time.perf_counter() - start < 20


def test_a_server_that_never_answers_is_stopped_at_the_time_limit():
    with (
        serving(lambda handler, _: time.sleep(3)) as (url, _),
        pytest.raises(GenerationTimeoutError, match="before its first token"),
    ):
        client(url, timeout_s=0.3).generate(ask("hello"))


def test_no_server(monkeypatch):
    monkeypatch.setattr(openai, "BACKOFF_S", 0.01)
    with serving(good) as (url, _):
        gone = url
    with pytest.raises(GenerationUnavailableError, match="127"):
        client(gone).generate(ask("hello"))


def test_a_thought_is_no_part_of_the_reply():
    def act(handler, _):
        handler.events(
            piece("<unused94>thou"), piece("ght\nhm"), piece("<unused95>"), piece("{}"), piece(finish="stop")
        )

    with serving(act) as (url, _):
        assert client(url).generate(ask("hello")).text == "{}"


def test_the_key_is_sent(monkeypatch):
    monkeypatch.setenv("VAIDYA_API_KEY", "k1")
    settings.cache_clear()
    with serving(good) as (url, requests):
        client(url).generate(ask("hello"))
    assert requests[0]["authorization"] == "Bearer k1"


def test_several_models_and_none_named():
    with (
        serving(lambda handler, _: handler.answer(200, {"data": [{"id": "a"}, {"id": "b"}]})) as (url, _),
        pytest.raises(ConfigError, match="2 models"),
    ):
        client(url, model=None).generate(ask("hello"))


@pytest.mark.parametrize("style", ["json_value", "guided_json", "none"])
def test_other_ways_of_telling_the_schema(style):
    with serving(good) as (url, requests):
        client(url, options={"schema_style": style}).generate(ask("hello"), SCHEMA)
    asked = requests[0]
    shown = asked.get("guided_json") or asked.get("response_format", {}).get("value")
    assert (shown is None) == (style == "none")


def test_configuration_is_checked():
    with pytest.raises(ConfigError, match="base_url"):
        OpenAICompatible(LlmConfig(backend="openai"))
    with pytest.raises(ConfigError, match="tries"):
        client("http://127.0.0.1:1/v1", options={"attempts": 2})
