"""What is doubted and what is believed, on text that Whisper has really written and on text that people say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.config import TranscriptConfig
from vaidya.schema import Segment, TranscriptState, WeightsUsed
from vaidya.transcript.competence import table
from vaidya.transcript.gates import (
    Doubt,
    Evidence,
    Reason,
    believable,
    compression_ratio,
    doubts,
    repetitions,
    state_of,
)
from vaidya.weights import table as entries

CONFIG = TranscriptConfig()
BASE, MEDIUM = (
    WeightsUsed(name=name, sha256=table()[name].sha256, origin="hub")
    for name in ("faster-whisper-base", "faster-whisper-medium")
)
LARGE = WeightsUsed(name="faster-whisper-large-v3", sha256="1" * 64, origin="hub")
UNLISTED = WeightsUsed(name="my-whisper", sha256="2" * 64, origin="local folder")


def segment(number, length_s, *flags):
    return Segment(id=number, start_s=0.0, end_s=length_s, text="words", flags=flags)


@pytest.mark.parametrize(
    "text",
    [
        "My chest hurts when I breathe in, and it has been like that since Monday morning.",
        "No, no, no. Never. No fever, no cough.",
        "It hurts very, very, very much.",
        "மூன்று நாட்களாக காய்ச்சல் மற்றும் இருமல் இருக்கிறது, மூச்சு விடுவதற்கு சிரமமாக இருக்கிறது",
        "मुझे तीन दिन से बुखार है और साँस लेने में तकलीफ़ हो रही है",
        "Hahaha, hmm, shhh.",
    ],
)
def test_what_people_say_is_no_loop(text):
    assert repetitions(text) <= CONFIG.repetition_max
    assert compression_ratio(text) < CONFIG.compression_ratio_max


@pytest.mark.parametrize(
    "text",
    [
        " ".join(["I'm sorry."] * 8),
        "that was " * 20,
        "Ah" + "emem" * 30,
        "लुण पूर " * 12,
        "ھاں " * 30,
        "I have to go to the bathroom. " * 6,
    ],
)
def test_loops_are_seen(text):
    found = doubts(Evidence(text, -0.1, 0.0), None, CONFIG)
    assert Doubt.REPEATED in found


@given(unit=st.text("abcdefgh ", min_size=3, max_size=12).filter(str.strip), times=st.integers(14, 40))
def test_whatever_comes_again_and_again_is_a_loop(unit, times):
    assert repetitions(f" {unit} " * times) > CONFIG.repetition_max


def test_an_empty_text_repeats_nothing():
    assert (repetitions(""), repetitions("..."), compression_ratio("")) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("evidence", "language", "doubt"),
    [
        (Evidence("it hurts", -1.05, 0.1), "en", Doubt.LOW_PROBABILITY),
        (Evidence("it hurts", -0.3, 0.9), "en", Doubt.NO_SPEECH_LIKELY),
        (Evidence("mujhe bukhar hai", -0.3, 0.1), "hi", Doubt.WRONG_SCRIPT),
        (Evidence("مجھے بخار ہے", -0.3, 0.1), "hi", Doubt.WRONG_SCRIPT),
        (Evidence("it hurts", -1.6, 0.1), "en", Doubt.UNINTELLIGIBLE),
    ],
)
def test_each_doubt(evidence, language, doubt):
    assert doubt in doubts(evidence, language, CONFIG)


def test_a_clear_sentence_is_not_doubted():
    assert doubts(Evidence("It hurts here.", -0.3, 0.05), "en", CONFIG) == ()
    assert doubts(Evidence("मेरा BP 120 है", -0.3, 0.05), "hi", CONFIG) == ()


@pytest.mark.parametrize(
    ("text", "avg_logprob", "no_speech"),
    [("I'm sorry.", -1.71, 0.62), ("Uh huh.", -1.38, 0.43), ("I think so.", -0.85, 0.43), ("", -0.1, 0.0)],
)
def test_a_short_sound_is_no_word_unless_it_was_understood_well(text, avg_logprob, no_speech):
    assert not believable(Evidence(text, avg_logprob, no_speech), 0.4, None, CONFIG)


def test_a_short_clear_word_is_believed():
    assert believable(Evidence("Help!", -0.4, 0.05), 0.4, 0.9, CONFIG)


def test_a_short_sound_is_not_what_whisper_writes_of_noise():
    assert not believable(Evidence("Thank you!", -0.4, 0.05), 0.72, 0.9, CONFIG)
    assert believable(Evidence("Thank you!", -0.4, 0.05), 1.2, 0.9, CONFIG)


def test_long_voice_is_speech_however_badly_understood():
    assert believable(Evidence("mumble", -2.0, 0.9), 3.0, 0.2, CONFIG)
    assert believable(Evidence("", -2.0, 0.1), 3.0, 0.2, CONFIG)
    assert not believable(Evidence("", -0.1, 0.9), 3.0, 0.9, CONFIG)


def test_a_short_sound_in_no_known_language_is_no_word():
    """A sneeze of the respiratory set was written as "And this year!" by Whisper base, with these numbers."""
    assert not believable(Evidence("And this year! And this year!", -0.56, 0.15), 0.29, 0.25, CONFIG)


def test_no_segment_is_no_speech():
    assert state_of((), None, None, CONFIG, BASE) == (TranscriptState.NO_SPEECH, (Reason.NO_WORDS.value,))


def test_doubtful_time_is_weighed_not_the_number_of_segments():
    long_and_clear, short_and_doubtful = segment(0, 20.0), segment(1, 2.0, "LOW_PROBABILITY")
    assert state_of((long_and_clear, short_and_doubtful), "en", None, CONFIG, BASE)[0] is TranscriptState.SPEECH
    long_and_doubtful, short_and_clear = segment(0, 20.0, "REPEATED"), segment(1, 2.0)
    state, reasons = state_of((long_and_doubtful, short_and_clear), "en", None, CONFIG, BASE)
    assert state is TranscriptState.UNRELIABLE
    assert reasons == (Reason.DOUBTFUL_SPEECH.value, "REPEATED")


def test_an_uncertain_language_is_a_reason_unless_it_was_given():
    clear = (segment(0, 2.0),)
    assert state_of(clear, "en", 0.3, CONFIG, BASE) == (TranscriptState.UNRELIABLE, (Reason.LANGUAGE_UNCERTAIN.value,))
    assert state_of(clear, "en", None, CONFIG, BASE)[0] is TranscriptState.SPEECH


def test_a_language_that_the_weights_cannot_write_is_never_trusted():
    clear = (segment(0, 2.0),)
    state, reasons = state_of(clear, "hi", 0.99, CONFIG, BASE)
    assert (state, reasons) == (TranscriptState.UNRELIABLE, (Reason.LANGUAGE_BEYOND_WEIGHTS.value,))


def test_a_copy_elsewhere_is_the_same_weights():
    copied = BASE.model_copy(update={"name": "my-folder", "origin": "local folder"})
    assert state_of((segment(0, 2.0),), "hi", 0.99, CONFIG, copied)[0] is TranscriptState.UNRELIABLE


@pytest.mark.parametrize(("weights", "language"), [(UNLISTED, "hi"), (UNLISTED, "sw"), (MEDIUM, "hi"), (LARGE, "te")])
def test_a_language_that_nobody_measured_is_used_and_said(weights, language):
    state, reasons = state_of((segment(0, 2.0),), language, 0.99, CONFIG, weights)
    assert (state, reasons) == (TranscriptState.SPEECH, (Reason.LANGUAGE_UNMEASURED.value,))


@pytest.mark.parametrize(("weights", "language"), [(UNLISTED, "en"), (MEDIUM, "es"), (LARGE, "hi"), (LARGE, "no")])
def test_a_language_with_a_figure_is_trusted(weights, language):
    assert state_of((segment(0, 2.0),), language, 0.99, CONFIG, weights) == (TranscriptState.SPEECH, ())


def test_every_listed_sum_is_the_one_that_the_weights_are_pinned_to():
    pinned = {name: row.files["model.bin"].sha256 for name, row in entries().items() if "model.bin" in row.files}
    listed = {name: known.sha256 for name, known in table().items() if known.sha256}
    assert listed == {name: pinned[name] for name in listed}


def test_a_text_without_a_letter_was_not_understood():
    assert Doubt.UNINTELLIGIBLE in doubts(Evidence("& & &", -0.4, 0.1), "hi", CONFIG)
