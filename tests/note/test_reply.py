"""What counts as a reply, what a repair may do, and what it may never do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.note.conftest import reply_of
from vaidya.errors import NoteFormatError
from vaidya.note.reply import Reply, parse, repair, reply_schema, streamed_tier
from vaidya.schema import Tier


def test_a_whole_reply_is_read():
    reply = parse(reply_of("EMERGENCY", s=["Chest pain", "Chest pain", " - Sweating "]))
    assert reply.tier is Tier.EMERGENCY
    assert reply.section("subjective") == ["Chest pain", "Sweating"]


def test_a_thought_or_a_code_fence_around_the_object_is_skipped():
    assert parse(f"Here is the note:\n```json\n{reply_of()}\n```").tier is Tier.URGENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the patient is well",
        "[]",
        "null",
        reply_of("FINE"),
        reply_of("semi-urgent"),
        reply_of()[:-1] + ', "x": 1}',
        reply_of(s=[]),
        reply_of().replace('"t": "URGENT", ', ""),
        reply_of(s=["x" * 161]),
        reply_of(s=[1]),
    ],
)
def test_anything_else_is_an_error_not_an_empty_note(text):
    with pytest.raises(NoteFormatError):
        parse(text)


def test_repair_closes_a_cut_reply_and_keeps_its_tier():
    reply = repair('{"t": "SEMI_URGENT", "s": ["Cough for 3 days", "No fev')
    assert reply.tier is Tier.SEMI_URGENT
    assert reply.s[0] == "Cough for 3 days"


def test_repair_reads_a_hyphen_in_the_tier():
    assert repair(reply_of("SEMI-URGENT")).tier is Tier.SEMI_URGENT


@pytest.mark.parametrize(
    "text",
    [
        '{"s": ["Cough"]}',
        '{"t": "", "s": ["Cough"]}',
        '{"t": "WELL", "s": ["Cough"]}',
        '{"t": "ROUTINE", "s": []}',
        '{"t": "ROUTINE"',
        "Sorry, I cannot help with that.",
        '{"tier": "ROUTINE", "s": ["Cough"]}',
    ],
)
def test_repair_invents_neither_tier_nor_statement(text):
    with pytest.raises(NoteFormatError):
        repair(text)


@pytest.mark.parametrize(
    "text",
    [
        reply_of("EMERGENCY")[:-1] + ', "t": "ROUTINE"}',
        reply_of("ROUTINE")[:-1] + ', "t": "EMERGENCY"}',
        reply_of("ROUTINE")[:-1] + ', "t": 0}',
    ],
)
def test_a_reply_with_two_tiers_has_none(text):
    for read in (parse, repair):
        with pytest.raises(NoteFormatError):
            read(text)


def test_of_two_tiers_in_one_reply_the_more_severe_is_heard():
    assert streamed_tier('{"t": "ROUTINE", "t": "EMERGENCY"}') is Tier.EMERGENCY


@given(st.text(max_size=300))
def test_repair_gives_a_reply_or_the_coded_error(text):
    try:
        reply = repair(text)
    except NoteFormatError:
        return
    assert reply.t in text.upper().replace("-", "_").replace(" ", "_")


@given(st.integers(min_value=0))
def test_a_prefix_of_a_reply_never_shows_another_tier(cut):
    whole = reply_of("EMERGENCY")
    assert streamed_tier(whole[: cut % (len(whole) + 1)]) in (None, Tier.EMERGENCY)


def test_the_schema_is_bounded_and_has_no_reference():
    text = json.dumps(reply_schema())
    assert "$ref" not in text
    assert "anyOf" not in text
    for name, node in reply_schema()["properties"].items():
        if name != "t":
            assert node["maxItems"] <= 10
            assert node["items"]["maxLength"] <= 160
    assert reply_schema()["required"] == list(reply_schema()["properties"])
    assert list(reply_schema()["properties"]) == list(Reply.model_fields) == ["t", "s", "o", "a", "p"]
