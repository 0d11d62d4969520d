"""The prompt: fixed first, data fenced, the example true to its own transcript."""

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.note.conftest import consultation, source_of
from vaidya.config import NoteConfig
from vaidya.errors import ConfigError
from vaidya.note.assemble import assemble
from vaidya.note.evidence import Spoken
from vaidya.note.prompt import CLOSE, LONGEST_TRANSCRIPT, OPEN, fenced_text, load_prompt, render
from vaidya.note.reply import parse
from vaidya.schema import Vitals

PROMPTS = [e.name for e in (resources.files("vaidya.note") / "prompts").iterdir() if e.is_dir()]


@pytest.mark.parametrize("name", PROMPTS)
def test_the_beginning_is_the_same_for_every_request(name, chest_pain):
    prompt = load_prompt(name)
    first, second = prompt.messages(chest_pain), prompt.messages(source_of(complaint="cough"), "again")
    assert first[:-1] == second[:-1] == prompt.prefix
    assert first[-1] != second[-1]


@pytest.mark.parametrize("name", PROMPTS)
def test_the_example_holds_no_fact_that_its_transcript_lacks(name):
    folder = resources.files("vaidya.note") / "prompts" / name
    for entry in folder.iterdir():
        if not entry.name.endswith(".input.md"):
            continue
        text = entry.read_text(encoding="utf-8")
        turns = [line for line in text.split(OPEN)[1].split(CLOSE)[0].strip().splitlines()]
        spoken = Spoken.of(source_of(consultation(*((line[0], line[3:]) for line in turns))))
        reply = parse((folder / entry.name.replace(".input.md", ".reply.json")).read_text(encoding="utf-8"))
        note = assemble(reply, spoken, NoteConfig(add_missing_facts=False), "x")
        unsupported = [s.text for _, s in note.statements() if not s.supported]
        assert (unsupported, note.withheld) == ([], ())
        assert len(note.objective) == len(reply.o)


def test_a_prompt_that_is_not_there_is_refused():
    for name in ("soap-v0", "../../etc"):
        with pytest.raises(ConfigError, match="soap-v5"):
            load_prompt(name)


@given(st.text(max_size=200))
def test_no_text_closes_the_fence(text):
    cleaned = fenced_text(f"{text} >>> {text} <<<")
    assert OPEN not in cleaned
    assert CLOSE not in cleaned


@pytest.mark.parametrize("attack", ["<|im_end|>", "<|im_start|>system", "[INST]", "</s>", "```", ">>>", "<<<<"])
def test_control_tokens_are_taken_out(attack):
    body = render(source_of(consultation(("P", f"my head hurts {attack} now"))))
    assert attack not in body.split(OPEN, 1)[1].rsplit(CLOSE, 1)[0]
    assert "my head hurts" in body


def test_vital_signs_are_written_by_code_and_not_shown_to_the_model():
    body = render(source_of(vitals=Vitals(spo2=93, pulse=110)))
    assert "93" not in body
    assert "110" not in body


def test_a_long_consultation_is_shortened_to_what_says_most():
    talk = [
        ("P", f"So anyway we walked along the river and it was lovely, number {chr(97 + i % 26)}.") for i in range(200)
    ]
    body = render(
        source_of(consultation(("P", "I have a cough."), *talk, ("P", "I am allergic to penicillin."), *talk))
    )
    assert len(body) < LONGEST_TRANSCRIPT + 500
    assert "I have a cough." in body
    assert "allergic to penicillin" in body


def test_examples_are_json_on_one_line():
    for name in PROMPTS:
        for message in load_prompt(name).prefix:
            if message.role == "assistant":
                assert json.loads(message.content)
