"""Tokens and what else they could have been -> the share of each tier, by hand and with a real small model."""

from math import log

import pytest

from tests.note.conftest import reply_of, writer_of
from vaidya.config import LlmConfig
from vaidya.llm.scripted import ScriptedReply
from vaidya.note.reply import reply_schema
from vaidya.note.tier_probabilities import tier_probabilities
from vaidya.schema import FinishReason, Generation, Message, Tier, Token

E, U, S, R = Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE
# What a model may say: "S" and "SEM" begin one word; white space and MILD begin none, and their share is left out.
WEIGHED = {"UR": 0.4, "SEM": 0.1, "S": 0.1, "ROUT": 0.15, "EM": 0.05, " ": 0.1, "MILD": 0.099, "TR": 0.001}


def token(text, shares=None):
    return Token(text=text, alternatives={word: log(share) for word, share in (shares or {text: 1.0}).items()})


def said(*tokens, tier="URGENT"):
    text = reply_of(tier)
    return Generation(text=text, model="made-up", finish_reason=FinishReason.STOP, opening=tokens)


def opened(shares=WEIGHED, written="UR"):
    return said(token('{"'), token("t"), token('":"'), token(written, shares), token("GENT"))


def test_the_share_of_each_word_at_its_first_letter():
    assert tier_probabilities([opened()], U) == {E: 0.0625, U: 0.5, S: 0.25, R: 0.1875}


def test_a_letter_that_shares_its_token_with_the_quote():
    shares = {'"U': 0.6, '"E': 0.2, '"S': 0.1, '"R': 0.1}
    found = tier_probabilities([said(token('{"t":'), token('"U', shares), token("RGENT"))], U)
    assert found == {E: 0.2, U: 0.6, S: 0.1, R: 0.1}


def test_another_way_of_writing_before_the_letter_is_no_tier():
    shares = {'"U': 0.5, '"R': 0.3, " E": 0.1, "ROUT": 0.099, '"S': 0.0005, '"E': 0.0005}
    found = tier_probabilities([said(token('{"t":'), token('"U', shares))], U)
    assert found[E] == pytest.approx(0.0005 / 0.801, abs=1e-4)
    assert found[R] == pytest.approx(0.3 / 0.801, abs=1e-4)


def test_a_whole_word_in_one_token_and_one_that_only_begins_like_it():
    shares = {'URGENT","': 0.5, "ROUTINE": 0.3, 'UR"': 0.1, "URGENTLY": 0.1}
    assert tier_probabilities([said(token('{"t": "'), token('URGENT","', shares))], U) == {
        E: 0,
        U: 0.625,
        S: 0,
        R: 0.375,
    }


@pytest.mark.parametrize(
    "opening",
    [
        (),
        (token("I am"), token(" sorry")),
        (token('{"t":"'),),
        (token('{"t":"'), Token(text="UR")),
        (token('{"t":"'), token("UR", {" ": 0.9, "\n": 0.1})),
    ],
    ids=["no engine tells", "no tier", "cut before it", "no alternatives", "written against them"],
)
def test_without_the_alternatives_nothing_is_told(opening):
    assert tier_probabilities([said(*opening)], U) == {}


def test_a_tier_that_could_hold_more_than_a_hundredth_unlisted_hides_all_four():
    """The model wanted a space; what the grammar left it holds little, and other words may hold as much unlisted."""
    shares = {" ": 0.95, "UR": 0.03, "ROUT": 0.01}
    assert tier_probabilities([opened(shares)], U) == {}
    # The same three words, with nothing left that is not listed.
    assert tier_probabilities([opened({" ": 0.96, "UR": 0.03, "ROUT": 0.01})], U) == {E: 0, U: 0.75, S: 0, R: 0.25}


def test_the_reply_that_gave_the_tier_is_the_one_that_counts():
    first = said(token('{"t":"'), token("EM", {"EM": 0.7, "UR": 0.3}), tier="EMERGENCY")
    second = said(token('{"t":"'), token("UR", {"EM": 0.1, "UR": 0.9}))
    assert tier_probabilities([first, second], E)[E] == 0.7
    assert tier_probabilities([first, second], U)[U] == 0.9
    assert tier_probabilities([first, second], R) == {}
    assert tier_probabilities([], None) == {}


def test_a_scripted_reply_carries_them_to_the_draft(chest_pain):
    writer, _ = writer_of(ScriptedReply(text=reply_of(), opening=opened().opening))
    draft = writer.write(chest_pain)
    assert tier_probabilities(draft.generations, draft.tier)[U] == 0.5


@pytest.mark.weights
def test_a_real_model_weighs_all_four():
    from vaidya.llm.llama_cpp import LlamaCpp

    options = {"save_prefix": False}
    config = LlmConfig(weights="qwen2.5-coder-0.5b-instruct-q4", context_tokens=768, threads=1, options=options)
    model = LlamaCpp(config)
    example = '{"t":"ROUTINE","s":["Wants more tablets"],"a":["Repeat prescription"]}'
    turns = [
        Message(role="system", content='Reply with JSON: "t" is EMERGENCY, URGENT, SEMI_URGENT or ROUTINE.'),
        Message(role="user", content="I need more of my tablets."),
        Message(role="assistant", content=example),
        Message(role="user", content="Crushing chest pain for an hour, sweating, my left arm hurts."),
    ]
    reply = model.generate(turns, reply_schema(without="op"), max_tokens=10)
    without_schema = model.generate(turns, max_tokens=4)
    model.close()
    found = tier_probabilities([reply], next(tier for tier in Tier if f'"t":"{tier.value[0]}' in reply.text))
    assert found.keys() == set(Tier)
    assert sum(found.values()) == pytest.approx(1.0, abs=2e-4)
    assert max(found.values()) < 1
    assert without_schema.opening == ()
