"""The stand-in model behaves as a model does."""

import json

import pytest

from tests.llm.conftest import ask
from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationError, GenerationTimeoutError
from vaidya.llm.base import load_language_model
from vaidya.llm.scripted import ScriptedModel, ScriptedReply
from vaidya.schema import FinishReason


def test_replies_in_turn_and_from_the_start_again(tmp_path):
    path = tmp_path / "script.json"
    path.write_text(json.dumps(["one", {"text": "two", "finish_reason": "length"}]))
    model = load_language_model(LlmConfig(backend="scripted", model=str(path)))
    found = [model.generate(ask("x")) for _ in range(3)]
    assert [reply.text for reply in found] == ["one", "two", "one"]
    assert [reply.finish_reason for reply in found] == [FinishReason.STOP, FinishReason.LENGTH, FinishReason.STOP]


def test_replies_by_what_the_last_message_holds():
    model = ScriptedModel.of({"chest pain": "URGENT", "": "other"})
    assert model.generate(ask("a chest pain")).text == "URGENT"
    assert model.generate(ask("a rash")).text == "other"
    with pytest.raises(GenerationError, match="no reply"):
        ScriptedModel.of({"rash": "x"}).generate(ask("a cough"))


def test_text_comes_in_pieces_and_is_cut_at_the_limit():
    pieces: list[str] = []
    reply = ScriptedModel.of(["a longer reply"]).generate(ask("x"), max_tokens=2, on_text=pieces.append)
    assert pieces == ["a lo", "nger"]
    assert reply.finish_reason is FinishReason.LENGTH
    assert reply.tokens_out == 2


@pytest.mark.parametrize(
    "slow", [ScriptedReply(text="late", delay_s=60), ScriptedReply(text="x" * 40, piece_delay_s=60)]
)
def test_slow_replies_end_at_the_time_limit(slow):
    with pytest.raises(GenerationTimeoutError):
        ScriptedModel.of([slow], timeout_s=0.01).generate(ask("x"))


def test_failures_come_after_the_text():
    pieces: list[str] = []
    with pytest.raises(GenerationError, match="out of memory"):
        ScriptedModel.of([ScriptedReply(text="half", error="out of memory")]).generate(ask("x"), on_text=pieces.append)
    assert pieces == ["half"]


def test_it_keeps_what_it_was_asked():
    model = ScriptedModel.of(["x"])
    model.warm(ask("prefix"))
    model.generate(ask("y"))
    model.close()
    assert model.warmed == [ask("prefix")]
    assert model.requests == [ask("y")]


def test_scripts_are_checked(tmp_path):
    with pytest.raises(ConfigError, match=r"llm\.model"):
        ScriptedModel(LlmConfig(backend="scripted"))
    with pytest.raises(ConfigError, match="no script"):
        ScriptedModel(LlmConfig(model=str(tmp_path / "none.json")))
    (tmp_path / "bad.json").write_text("[1, 2]")
    with pytest.raises(ConfigError, match="not a script"):
        ScriptedModel(LlmConfig(model=str(tmp_path / "bad.json")))
