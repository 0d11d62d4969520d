"""A speaker is named where the words leave little doubt, and only there."""

import pytest

from vaidya.schema import Segment, Speaker
from vaidya.transcript.speakers import with_speakers

CLINICIAN, PATIENT = Speaker.CLINICIAN, Speaker.PATIENT


def turns(*texts, gap_s=0.5):
    return tuple(
        Segment(id=i, start_s=i * (2 + gap_s), end_s=i * (2 + gap_s) + 2, text=text, english=text)
        for i, text in enumerate(texts)
    )


def named(*texts, **options):
    return [segment.speaker for segment in with_speakers(turns(*texts, **options))]


@pytest.mark.parametrize("text", ["Do you have any allergies?", "Where does your chest hurt?", "Let me examine you."])
def test_questions_and_orders_are_the_clinicians(text):
    assert named(text) == [CLINICIAN]


@pytest.mark.parametrize("text", ["My chest hurts.", "I've been having fever since Monday.", "I can't breathe."])
def test_complaints_are_the_patients(text):
    assert named(text) == [PATIENT]


@pytest.mark.parametrize(
    "text",
    [
        "Can you help me, I can't breathe.",
        "How do you stop bleeding?",
        "Could you look at my wife, her speech is slurred.",
    ],
)
def test_a_plea_is_the_patients_though_it_asks(text):
    assert named(text) == [PATIENT]


def test_a_question_beside_a_complaint_is_nobodys():
    assert named("Did you hear me? I can't move my arm.") == [None]


@pytest.mark.parametrize(
    "text", ["Can you show me where it hurts?", "Can you see my finger?", "Could you help me understand?"]
)
def test_what_a_clinician_asks_for_is_no_plea(text):
    assert PATIENT not in named(text)


@pytest.mark.parametrize("text", ["Okay.", "On Monday.", "He has a fever.", "Thank you, goodbye."])
def test_what_anyone_could_say_is_nobodys(text):
    assert named(text) == [None]


def test_an_answer_belongs_to_the_one_who_was_asked():
    assert named("Do you have any pain?", "No, not really.") == [CLINICIAN, PATIENT]
    assert named("Do you have any pain?", "No, not really.", gap_s=20) == [CLINICIAN, None]


def test_a_known_speaker_stays():
    known = turns("My chest hurts.")[0].model_copy(update={"speaker": Speaker.COMPANION})
    assert with_speakers([known])[0].speaker is Speaker.COMPANION


def test_on_public_consultations_a_named_speaker_is_right(data_folder):
    from vaidya.corpora import read_cases

    right = wrong = 0
    for case in read_cases("osce272")[:40]:
        heard = tuple(
            Segment(id=i, start_s=3.0 * i, end_s=3.0 * i + 2, text=t.text, english=t.text)
            for i, t in enumerate(case.turns)
        )
        for segment, turn in zip(with_speakers(heard), case.turns, strict=True):
            if segment.speaker is not None:
                right += segment.speaker.value == turn.speaker
                wrong += segment.speaker.value != turn.speaker
    assert right + wrong > 500
    assert right / (right + wrong) > 0.96
