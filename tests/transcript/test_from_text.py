"""Typed dialogues keep their speakers, claim no times, and are English only when they are."""

import pytest

from vaidya.schema import Speaker, TranscriptState
from vaidya.transcript import transcript_from_text


def test_lines_with_and_without_speakers():
    transcript = transcript_from_text(
        "doctor: Any fever?\n\nPatient: No.\n[companion] He had one.\nD: When?\nfree text"
    )
    assert [segment.speaker for segment in transcript.segments] == [
        Speaker.CLINICIAN,
        Speaker.PATIENT,
        Speaker.COMPANION,
        Speaker.CLINICIAN,
        None,
    ]
    assert transcript.segments[1].text == transcript.segments[1].english == "No."
    assert [segment.id for segment in transcript.segments] == [0, 1, 2, 3, 4]


def test_no_time_is_invented():
    transcript = transcript_from_text("patient: my chest hurts")
    assert {(segment.start_s, segment.end_s) for segment in transcript.segments} == {(0.0, 0.0)}
    assert transcript.language_probability is None


@pytest.mark.parametrize("text", ["", "  \n ", "doctor:", "patient: \n doctor: "])
def test_no_words_no_speech(text):
    transcript = transcript_from_text(text)
    assert transcript.state is TranscriptState.NO_SPEECH
    assert transcript.segments == ()


def test_another_language_is_its_own_english_never():
    hindi = transcript_from_text("patient: मुझे बुखार है", "hi")
    assert (hindi.language, hindi.segments[0].english) == ("hi", None)
    unnamed = transcript_from_text("मुझे बुखार है")
    assert (unnamed.language, unnamed.segments[0].english) == (None, None)


def test_a_word_with_a_colon_is_no_speaker():
    assert transcript_from_text("note: the pain began").segments[0].text == "note: the pain began"
