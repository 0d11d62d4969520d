"""llama.cpp in this process, with a random model: everything but sense."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from math import exp
from pathlib import Path

import pytest

from tests.llm.conftest import PREFIX, SCHEMA, ask, ends_at_its_listeners_wish
from tests.llm.tiny import write_tiny_lora
from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationContextError, GenerationError, GenerationTimeoutError, WeightsError
from vaidya.llm.base import load_language_model
from vaidya.llm.llama_cpp import LlamaCpp
from vaidya.llm.reply import ALTERNATIVES, OPENING_TOKENS
from vaidya.schema import FinishReason


def config(weights: Path, **changes: object) -> LlmConfig:
    return LlmConfig.model_validate({"weights": str(weights), "context_tokens": 768, "threads": 1, **changes})


@pytest.fixture
def model(tiny_gguf: Path) -> Iterator[LlamaCpp]:
    engine = LlamaCpp(config(tiny_gguf))
    yield engine
    engine.close()


def test_the_table_knows_it(tiny_gguf):
    engine = load_language_model(config(tiny_gguf, backend="llama-cpp"))
    assert isinstance(engine, LlamaCpp)
    engine.close()


def test_a_schema_is_held_without_white_space(model):
    reply = model.generate(ask("hello"), SCHEMA, max_tokens=200)
    assert reply.finish_reason is FinishReason.STOP
    assert set(json.loads(reply.text)) == {"tier", "words"}
    assert reply.text == json.dumps(json.loads(reply.text), separators=(",", ":"), ensure_ascii=False)
    assert list(json.loads(reply.text)) == ["tier", "words"]


def test_pieces_add_up_to_the_reply_and_are_timed(model):
    pieces: list[str] = []
    reply = model.generate(ask("hello"), SCHEMA, on_text=pieces.append)
    assert "".join(pieces) == reply.text
    assert len(pieces) > 3
    assert reply.tokens_in > 0
    assert reply.tokens_out > 0
    assert reply.ttft_s > 0
    assert reply.decode_s > 0


def test_the_first_tokens_come_with_what_else_they_could_have_been(model):
    reply = model.generate(ask("hello"), SCHEMA, max_tokens=200)
    assert len(reply.opening) == OPENING_TOKENS
    assert reply.text.startswith("".join(token.text for token in reply.opening))
    # Single bytes above ASCII, of which this model has many, are all written as one broken character.
    assert all(1 < len(token.alternatives) <= ALTERNATIVES for token in reply.opening)
    assert all(sum(map(exp, token.alternatives.values())) <= 1 + 1e-4 for token in reply.opening)
    assert model.generate(ask("hello"), max_tokens=4).opening == ()


def test_the_same_request_gives_the_same_reply(model):
    assert model.generate(ask("hello"), max_tokens=20).text == model.generate(ask("hello"), max_tokens=20).text


def test_a_reply_cut_at_the_limit_says_so(model):
    reply = model.generate(ask("hello"), SCHEMA, max_tokens=3)
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.tokens_out == 3


def test_the_shared_beginning_is_not_read_again(model):
    first = model.generate(ask("hello"), max_tokens=2)
    second = model.generate(ask("other words"), max_tokens=2)
    assert first.tokens_cached == 0
    assert second.tokens_cached > 100


def test_a_warm_prefix_is_not_read_again_and_survives_the_process(tiny_gguf, own_cache):
    for _ in range(2):
        engine = LlamaCpp(config(tiny_gguf))
        engine.warm(PREFIX)
        reply = engine.generate(ask("hello"), max_tokens=4)
        engine.close()
        assert reply.tokens_cached > 100
        assert len(list((own_cache / "prefixes").glob("*.kv"))) == 1


def test_a_saved_prefix_changes_no_reply(tiny_gguf):
    texts = []
    for warm in (False, True, True):
        engine = LlamaCpp(config(tiny_gguf))
        if warm:
            engine.warm(PREFIX)
        texts.append(engine.generate(ask("hello"), max_tokens=12).text)
        engine.close()
    assert len(set(texts)) == 1


def test_a_damaged_saved_prefix_is_read_anew(tiny_gguf, own_cache):
    engine = LlamaCpp(config(tiny_gguf))
    engine.warm(PREFIX)
    engine.close()
    (saved,) = (own_cache / "prefixes").glob("*.kv")
    saved.write_bytes(b"not a state")
    engine = LlamaCpp(config(tiny_gguf))
    engine.warm(PREFIX)
    assert engine.generate(ask("hello"), max_tokens=2).tokens_cached > 100
    engine.close()


def test_no_saved_prefix_without_the_option(tiny_gguf, own_cache):
    engine = LlamaCpp(config(tiny_gguf, options={"save_prefix": False}))
    engine.warm(PREFIX)
    assert engine.generate(ask("hello"), max_tokens=2).tokens_cached > 100
    engine.close()
    assert not (own_cache / "prefixes").exists()


def test_past_the_time_limit_the_engine_stops_and_serves_the_next(tiny_gguf):
    engine = LlamaCpp(config(tiny_gguf, timeout_s=0.05))

    def slow(_: str) -> None:
        time.sleep(0.06)

    with pytest.raises(GenerationTimeoutError, match=r"0\.05 s"):
        engine.generate(ask("hello"), SCHEMA, on_text=slow)
    engine._config = config(tiny_gguf, timeout_s=60)
    assert engine.generate(ask("hello"), SCHEMA).finish_reason is FinishReason.STOP
    engine.close()


def test_a_busy_engine_counts_against_the_time_limit(tiny_gguf):
    engine = LlamaCpp(config(tiny_gguf, timeout_s=0.05))
    with engine._lock, pytest.raises(GenerationTimeoutError, match="before its first token"):
        engine.generate(ask("hello"))
    engine.close()


def test_an_error_in_the_listener_reaches_the_caller(model):
    def broken(_: str) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        model.generate(ask("hello"), on_text=broken)
    assert model.generate(ask("hello"), max_tokens=2).tokens_out == 2


def test_a_reply_that_its_listener_ends_is_returned_and_the_next_request_is_served(model):
    ends_at_its_listeners_wish(model)


def test_too_long_a_request_is_coded_and_not_quoted(model):
    with pytest.raises(GenerationContextError) as caught:
        model.generate(ask("secret " * 400))
    assert "secret" not in str(caught.value)
    assert "768" in str(caught.value)


def test_requests_from_several_threads_wait_for_one_another(model):
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(model.generate(ask("hello"), max_tokens=8).text)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4
    assert len(set(texts)) == 1


def test_an_adapter_changes_the_reply_and_is_recorded(tiny_gguf, tmp_path, model):
    adapter = write_tiny_lora(tmp_path / "adapter.gguf", scale=4.0)
    tuned = LlamaCpp(config(tiny_gguf, adapter=str(adapter)))
    assert [used.name for used in tuned.weights] == ["tiny-gemma3.gguf", "adapter.gguf"]
    assert tuned.generate(ask("hello"), max_tokens=16).text != model.generate(ask("hello"), max_tokens=16).text
    tuned.close()


def test_prompt_lookup_gives_the_same_reply(tiny_gguf, model):
    looked_up = LlamaCpp(config(tiny_gguf, options={"speculative": "ngram-simple"}))
    assert looked_up.generate(ask("hello"), max_tokens=40).text == model.generate(ask("hello"), max_tokens=40).text
    assert looked_up.generate(ask("hello"), SCHEMA).text == model.generate(ask("hello"), SCHEMA).text
    looked_up.close()


@pytest.mark.parametrize("name", ["no.gguf", "rubbish.gguf"])
def test_a_file_that_is_no_model_is_refused(tmp_path, name):
    (tmp_path / "rubbish.gguf").write_bytes(b"rubbish" * 100)
    with pytest.raises(WeightsError):
        LlamaCpp(config(tmp_path / name))


def test_an_unknown_option_is_refused(tiny_gguf):
    with pytest.raises(ConfigError, match="speculativ"):
        LlamaCpp(config(tiny_gguf, options={"speculativ": "ngram-simple"}))


def test_weights_must_be_named():
    with pytest.raises(ConfigError, match=r"llm\.weights"):
        LlamaCpp(LlmConfig(weights=None))


def test_closing_twice_and_unused_is_safe(tiny_gguf):
    engine = LlamaCpp(config(tiny_gguf))
    engine.close()
    engine.close()
    with pytest.raises(GenerationError, match="closed"):
        engine.generate(ask("hello"))


def test_the_process_keeps_its_own_signal_handlers(tiny_gguf):
    caught: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    try:
        engine = LlamaCpp(config(tiny_gguf))
        signal.raise_signal(signal.SIGTERM)
        assert caught == [signal.SIGTERM]
        assert engine.generate(ask("hello"), max_tokens=2).tokens_out == 2
        engine.close()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_not_a_byte_on_stdout_or_stderr(tiny_gguf):
    code = (
        "from vaidya.config import LlmConfig\n"
        "from vaidya.llm.llama_cpp import LlamaCpp\n"
        "from vaidya.schema import Message\n"
        f"engine = LlamaCpp(LlmConfig(weights={str(tiny_gguf)!r}, context_tokens=768, threads=1))\n"
        "engine.generate([Message(role='user', content='hello')], max_tokens=4)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=True)
    assert done.stdout == b""
    assert done.stderr == b""


def test_only_this_process_can_ask_over_loopback(model):
    import httpx

    address = model._server._native.listening_address
    reply = httpx.post(f"{address}/v1/chat/completions", json={"messages": []}, trust_env=False)
    assert reply.status_code == 401
    assert address.startswith("http://127.0.0.1:")
