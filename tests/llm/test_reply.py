"""What every backend shares: the clock, the limit, and what counts as an end."""

import pytest

from vaidya.errors import GenerationError, GenerationTimeoutError
from vaidya.llm.reply import ReplyStream, finish_reason, tokens_of
from vaidya.schema import FinishReason


@pytest.mark.parametrize(
    ("name", "reason"),
    [("stop", FinishReason.STOP), ("eos_token", FinishReason.STOP), ("length", FinishReason.LENGTH)],
)
def test_servers_words_for_the_end(name, reason):
    assert finish_reason(name) is reason


@pytest.mark.parametrize("name", [None, "abort", "content_filter"])
def test_what_is_no_end_is_an_error(name):
    with pytest.raises(GenerationError, match="not complete"):
        finish_reason(name)


def test_times_begin_with_the_first_piece():
    stream = ReplyStream(60)
    assert not stream.started
    stream.add("")
    assert not stream.started
    stream.add("a")
    stream.add("b")
    reply = stream.finish("m", FinishReason.STOP, {"tokens_out": 2})
    assert reply.text == "ab"
    assert reply.ttft_s > 0
    assert reply.decode_s >= 0


def test_a_reply_without_a_token_has_no_times():
    reply = ReplyStream(60).finish("m", FinishReason.STOP, {})
    assert (reply.text, reply.ttft_s, reply.decode_s, reply.tokens_out) == ("", None, None, None)


def test_past_the_limit_the_error_says_how_far_it_came():
    stream = ReplyStream(0.0)
    with pytest.raises(GenerationTimeoutError, match="before its first token"):
        stream.check()
    stream.add("a")
    with pytest.raises(GenerationTimeoutError, match="while it was being written"):
        stream.check()


@pytest.mark.parametrize(
    "logprobs",
    [None, [], {}, {"content": None}, {"content": ["a"]}, {"content": [{"token": 7}]}, {"tokens": ["a"]}],
    ids=str,
)
def test_log_probabilities_in_another_form_are_none(logprobs):
    assert list(tokens_of(logprobs)) == []


def test_alternatives_without_a_finite_number_are_left_out():
    listed = [
        {"token": "a", "logprob": 1e-9},
        {"token": "b", "logprob": None},
        {"token": "c", "logprob": float("-inf")},
    ]
    twice = [{"token": "?", "logprob": -1.0}, {"token": "?", "logprob": -3.0}]
    (token,) = tokens_of({"content": [{"token": "a", "top_logprobs": [*listed, *twice]}]})
    assert token.alternatives == {"a": 0.0, "?": -1.0}
