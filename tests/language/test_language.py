"""Normal form, sentences, spoken numbers, experiencer and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.language import (
    Answer,
    Experiencer,
    answer,
    content_words,
    experiencer,
    normalise,
    numbers,
    sentences,
    to_digits,
)


@given(st.text(max_size=200))
def test_normal_form_is_stable(text):
    once = normalise(text)
    assert normalise(once) == once


def test_vowel_signs_survive():
    assert normalise("सीने में दर्द") == "सीने में दर्द"
    assert content_words("सीने में दर्द")[-1] == "दर्द"


@given(st.text(alphabet="abc .?!", max_size=80))
def test_sentences_are_where_they_say(text):
    plain = normalise(text)
    for sentence in sentences(plain):
        assert plain[sentence.start : sentence.end] == sentence.text


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("fifty four", "54"),
        ("one hundred and twenty over eighty", "120 over 80"),
        ("one twenty over eighty", "120 over 80"),
        ("one oh two", "102"),
        ("one oh two point four", "102.4"),
        ("a hundred and four", "104"),
        ("ninety-three percent", "93 percent"),
        ("thirty eight point five", "38.5"),
        ("two and a half", "2.5"),
        ("five hundred milligrams", "500 milligrams"),
        ("two thousand and nine", "2009"),
        ("six hundred twenty five", "625"),
        ("no one came", "no one came"),
        ("one of them", "one of them"),
        ("twenty thirty times", "20 30 times"),
        ("five or six", "5 or 6"),
    ],
)
def test_number_words(said, written):
    assert to_digits(said) == written


@given(st.integers(min_value=0, max_value=999))
def test_digits_pass_through(number):
    assert [q.value for q in numbers(f"took {number} mg")] == [number]


def test_thousands_keep_their_comma_and_ordinals_count():
    assert [q.value for q in numbers("1,000 units on the 3rd day")] == [1000, 3]


@pytest.mark.parametrize(
    ("text", "phrase", "whose"),
    [
        ("i have chest pain", "chest pain", Experiencer.PATIENT),
        ("my father had a stroke", "stroke", Experiencer.HISTORY),
        ("my mother died of breast cancer", "breast cancer", Experiencer.HISTORY),
        ("my husband is sixty two and he has had chest pain for an hour", "chest pain", Experiencer.RELATIVE),
        ("my son was playing and now he is drowsy", "drowsy", Experiencer.RELATIVE),
        ("my father has a bad heart, he had a stroke five years ago", "stroke", Experiencer.HISTORY),
        ("there is diabetes in the family", "diabetes", Experiencer.HISTORY),
        ("my son is drowsy", "drowsy", Experiencer.RELATIVE),
        ("my father had a stroke. i have a headache", "headache", Experiencer.PATIENT),
        ("my wife says i have fever", "fever", Experiencer.RELATIVE),
        ("i have chest pain and my father had a stroke", "chest pain", Experiencer.PATIENT),
        ("मेरे पिता को दिल का दौरा पड़ा था", "दिल का दौरा", Experiencer.HISTORY),
    ],
)
def test_whose_finding(text, phrase, whose):
    plain, wanted = normalise(text), normalise(phrase)
    start = plain.index(wanted)
    assert experiencer(plain, start, start + len(wanted)) is whose


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("no.", Answer.NO),
        ("uh, no, not really", Answer.NO),
        ("i haven't", Answer.NO),
        ("nothing like that", Answer.NO),
        ("जी नहीं", Answer.NO),
        ("yeah, for a week", Answer.YES),
        ("हाँ", Answer.YES),
        ("i have not", Answer.NO),
        ("i have, yes", Answer.YES),
        ("three days", Answer.OTHER),
        ("normal", Answer.OTHER),
        ("yesterday", Answer.OTHER),
    ],
)
def test_answers(reply, meaning):
    assert answer(normalise(reply)) is meaning
