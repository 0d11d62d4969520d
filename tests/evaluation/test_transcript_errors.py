"""Error counts against jiwer's, and what they must and must not confuse."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.evaluation import transcript_errors as errors
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.transcript_text import spoken_words

STORED = json.loads((Path(__file__).parents[1] / "reference" / "transcript_errors.json").read_text())["cases"]


@pytest.mark.parametrize("case", STORED, ids=lambda case: case["reference"][:20])
def test_word_and_character_errors_match_jiwer(case):
    said, heard, language = case["reference"], case["hypothesis"], case["language"]
    assert errors.word_errors(said, heard, language) == Rate(case["word_errors"], case["words"])
    assert errors.character_errors(said, heard, language) == Rate(case["character_errors"], case["characters"])


def test_a_hindi_word_without_its_vowel_signs_is_another_word():
    assert errors.word_errors("दीदी की दवा", "दद क दव", "hi") == Rate(3, 3)


def test_composed_and_decomposed_letters_are_the_same():
    assert errors.word_errors("बुख\u093cार", "बु\u0959ार", "hi").errors == 0
    assert errors.word_errors("d\u00e9j\u00e0", "de\u0301ja\u0300", "fr").errors == 0


def test_an_empty_reference_is_undefined_and_its_words_are_counted_apart():
    assert errors.word_errors("", "help me please").value is None
    assert errors.words_heard("help me please", minutes=0.5) == Rate(3, 0.5)
    assert errors.words_heard("", minutes=0.5).value == 0.0


def test_languages_without_spaces_are_compared_by_character():
    assert spoken_words("我头痛。", "zh") == ("我", "头", "痛")


@given(text=st.text(max_size=60), language=st.sampled_from(["en", "hi", "ta", "th", None]))
def test_a_text_has_no_errors_against_itself_and_words_survive_a_second_pass(text, language):
    assert not errors.word_errors(text, text, language).errors
    once = spoken_words(text, language)
    if language not in ("en", "th"):  # in English a second pass may join digits that the first one made
        assert spoken_words(" ".join(once), language) == once


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("fever and shortness of breath", "fever and I am breathless", Rate(0, 2)),
        ("fever and shortness of breath", "favor and shortness of breath", Rate(1, 2)),
        ("fever, fever again", "fever", Rate(1, 2)),
        ("hello there", "fever", Rate(0, 0)),
    ],
)
def test_terms_are_kept_by_meaning(said, heard, expected):
    assert errors.term_errors(said, heard) == expected


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("take 500 mg for three days", "take 500 mg for 3 days", Rate(0, 2)),
        ("take 500 mg", "take 50 mg", Rate(1, 1)),
        ("take 500 mg", "take 500 g", Rate(1, 1)),
        ("three of them", "four of them", Rate(0, 0)),
    ],
)
def test_a_number_is_kept_with_its_unit(said, heard, expected):
    assert errors.number_errors(said, heard) == expected


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("I have no chest pain.", "I have known chest pain.", Rate(1, 1)),
        ("I have no chest pain.", "No chest pain", Rate(0, 1)),
        ("I have chest pain.", "I don't have chest pain.", Rate(1, 1)),
        ("I have no chest pain.", "I have no jest pain.", Rate(0, 0)),
    ],
)
def test_a_lost_denial_is_an_error(said, heard, expected):
    assert errors.negation_errors(said, heard) == expected


def test_hindi_in_other_letters_is_a_script_error():
    assert errors.script_errors("bukhar hai", "hi").value == 1.0
    assert errors.script_errors("بخار ہے", "hi").value == 1.0
    assert errors.script_errors("बुखार है", "hi").value == 0.0
    assert errors.script_errors("бухар", "xx") == Rate(0, 0)
