"""The request for one section, and what is made of the reply."""

import pytest

from vaidya.errors import GenerationTruncatedError
from vaidya.llm.scripted import ScriptedModel, ScriptedReply
from vaidya.note.section import (
    HEADINGS,
    NARRATIVE_TOKENS,
    REQUEST,
    SHORT_TOKENS,
    section_messages,
    spoken_lines,
    write_section,
)
from vaidya.schema import FinishReason

DIALOGUE = "clinician: Any allergies?\n\npatient:  Penicillin,   it gives me a rash.\nwell, hives"


class Replies(ScriptedModel):
    """The scripted model, which also keeps the limit that it was given."""

    max_tokens: int | None = None

    def generate(self, messages, schema=None, *, max_tokens=None, on_text=None):
        self.max_tokens = max_tokens
        return super().generate(messages, schema, max_tokens=max_tokens, on_text=on_text)


class Heard(ScriptedModel):
    """The scripted model, which also keeps the pieces that it got rid of."""

    heard: list[str]

    def generate(self, messages, schema=None, *, max_tokens=None, on_text=None):
        def listen(piece: str) -> None:
            self.heard.append(piece)
            on_text(piece)

        return super().generate(messages, schema, max_tokens=max_tokens, on_text=listen)


def replies(text: str, reason: FinishReason = FinishReason.STOP) -> Replies:
    return Replies.of([ScriptedReply(text=text, finish_reason=reason)])


def test_the_heading_comes_last_so_that_sections_share_the_dialogue() -> None:
    allergies, plan = (section_messages(DIALOGUE, header) for header in ("ALLERGY", "PLAN"))
    assert allergies[:2] == plan[:2]
    assert [turn.role for turn in plan] == ["system", "user", "user"]
    assert allergies[2].content == f"{REQUEST} allergies"


def test_speakers_have_one_name_each_and_lines_are_kept() -> None:
    assert spoken_lines(DIALOGUE).splitlines() == [
        "Doctor: Any allergies?",
        "Patient: Penicillin, it gives me a rash.",
        "well, hives",
    ]


def test_words_inside_a_turn_are_not_taken_for_a_speaker() -> None:
    assert spoken_lines("patient: I told the doctor: no") == "Patient: I told the doctor: no"


def test_every_heading_is_asked_in_words_and_an_unknown_one_as_it_stands() -> None:
    asked = [section_messages("patient: hello", header)[2].content for header in HEADINGS]
    assert len(set(asked)) == len(HEADINGS) == 20
    assert section_messages("", "genhx")[2].content == f"{REQUEST} history of present illness"
    assert section_messages("", "BIRTH_HISTORY")[2].content == f"{REQUEST} birth history"


@pytest.mark.parametrize(("header", "limit"), [("GENHX", NARRATIVE_TOKENS), ("CC", SHORT_TOKENS)])
def test_a_narrative_may_be_longer(header: str, limit: int) -> None:
    model = replies("Cough.")
    assert write_section(model, DIALOGUE, header) == "Cough."
    assert model.max_tokens == limit


def test_a_sentence_said_twice_is_kept_once() -> None:
    text = "No fever.\nNo chills. No fever. No chills. No fever."
    assert write_section(replies(text), DIALOGUE, "ROS") == "No fever. No chills."


def test_of_a_cut_reply_the_finished_sentences_are_kept() -> None:
    model = replies("He has had a cough for 2.5 days. He takes amlodi", FinishReason.LENGTH)
    assert write_section(model, DIALOGUE, "GENHX") == "He has had a cough for 2.5 days."


def test_of_a_cut_reply_without_a_full_stop_the_finished_phrases_are_kept() -> None:
    model = replies("Hypertension, diabetes, p.o. metformin, high chol", FinishReason.LENGTH)
    assert write_section(model, DIALOGUE, "PASTMEDICALHX") == "Hypertension, diabetes, p.o. metformin"


def test_a_reply_that_loops_is_stopped_there_and_keeps_what_stands_before() -> None:
    model = Heard.of(["He has asthma, " + "gout, and a goitre, " * 50])
    model.heard = []
    assert write_section(model, DIALOGUE, "PASTMEDICALHX") == "He has asthma, gout, and a goitre"
    assert len("".join(model.heard)) < 100  # of more than a thousand characters


def test_a_loop_without_punctuation_keeps_the_sentences_before() -> None:
    text = "No pain. The patient has no history of " + "the patient has no history of " * 20
    assert write_section(replies(text, FinishReason.LENGTH), DIALOGUE, "ROS") == "No pain."


def test_the_same_beginning_of_two_sentences_is_no_loop() -> None:
    text = "She has had no history of asthma. She has had no history of gout. She has had no history of cancer."
    assert write_section(replies(text), DIALOGUE, "PASTMEDICALHX") == text


def test_a_cut_reply_without_a_finished_phrase_is_an_error() -> None:
    with pytest.raises(GenerationTruncatedError):
        write_section(replies("no no no no no no", FinishReason.LENGTH), DIALOGUE, "ROS")
