"""Denials in speech: what each cue reaches, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.language import is_negated, negated_spans, normalise


def denied(text: str, phrase: str) -> bool:
    plain = normalise(text)
    start = plain.index(phrase)
    return is_negated(plain, start, start + len(phrase))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I have no chest pain", "chest pain"),
        ("I don't have any chest pain or sweating", "sweating"),
        ("No fever, chills, cough or vomiting", "vomiting"),
        ("She denies shortness of breath", "shortness of breath"),
        ("Without any loss of consciousness", "loss of consciousness"),
        ("He hasn't had a seizure", "seizure"),
        ("Never had a stroke", "stroke"),
        ("Neither fever nor rash", "rash"),
        ("Fever was ruled out", "fever"),
        ("Chest pain: none", "chest pain"),
        ("I am not bleeding", "bleeding"),
        ("I haven't noticed any blood in my stool", "blood"),
        ("मुझे सीने में दर्द नहीं है", "दर्द"),
        ("बुखार और खांसी नहीं है", "बुखार"),
        ("mujhe bukhar nahi hai", "bukhar"),
        ("காய்ச்சல் இல்லை", "காய்ச்சல்"),
        ("జ్వరం లేదు", "జ్వరం"),
        ("ಜ್ವರ ಇಲ್ಲ", "ಜ್ವರ"),
    ],
)
def test_denied(text, phrase):
    assert denied(text, normalise(phrase))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("I have chest pain", "chest pain"),
        ("No fever but my chest hurts", "chest hurts"),
        ("I can't breathe", "can't breathe"),
        ("I can't catch my breath, the pain is bad", "pain"),
        ("He is not waking up", "not waking up"),
        ("The pain is not going away", "pain"),
        ("The tablets did not help and the vomiting goes on", "vomiting"),
        ("No improvement in the cough", "cough"),
        ("I don't know why I have this headache", "headache"),
        ("I am not sure, maybe it is chest pain", "chest pain"),
        ("Not only fever", "fever"),
        ("No fever, I have a rash", "rash"),
        ("I didn't take my insulin because I was vomiting", "vomiting"),
        ("no allergies and my leg is swollen", "swollen"),
        ("It isn't getting better, this cough", "cough"),
        ("The bleeding won't stop", "bleeding"),
        ("no problem, the pain is here", "pain"),
        ("बुखार नहीं है लेकिन खांसी है", "खांसी"),
        ("no fever, the lips are not swollen, breathing is fine", "breathing"),
        ("I don't remember my last tetanus injection", "tetanus"),
        ("I did not feel it when I soiled myself", "soiled"),
        ("I have not been able to pass urine", "pass urine"),
    ],
)
def test_not_denied(text, phrase):
    assert not denied(text, normalise(phrase))


def test_a_cue_inside_the_phrase_does_not_deny_it():
    assert not denied("सांस नहीं आ रही", "सांस नहीं आ रही")


@given(st.text(max_size=200))
def test_spans_lie_within_any_text(text):
    plain = normalise(text)
    for span in negated_spans(plain):
        assert 0 <= span.cue_start < span.cue_end <= len(plain)
        assert 0 <= span.start <= span.end <= len(plain)
