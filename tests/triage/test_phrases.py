"""The phrase language: what matches, what does not, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.errors import ConfigError
from vaidya.triage.lexicon import candidates, lexicon, read_signs
from vaidya.triage.phrases import fold, read_phrase

WORDS = {"cannot": ("can't", "cannot", "not able to"), "pain": ("pain*", "hurt*")}


def found(phrase, text):
    return [
        text[start:end] for match in read_phrase(phrase, WORDS).matches(text, [(0, len(text))]) for start, end in match
    ]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("chest pain", "my chest pain is bad", ["chest pain"]),
        ("chest pain", "my chest, pain", ["chest, pain"]),
        ("chest pain", "chests pain", []),
        ("vomit*", "i vomited", ["vomited"]),
        ("vomit", "i vomited", []),
        ("(lips|tongue) ..2 blue", "my lips are turning blue", ["lips are turning blue"]),
        ("(lips|tongue) ..1 blue", "my lips are turning blue", []),
        ("lips ..2 blue", "my lips. very blue", []),
        ("lips ..3 blue", "my lips are not blue", []),
        ("<cannot> breathe", "i am not able to breathe", ["not able to breathe"]),
        ("in my? chest", "in chest", ["in chest"]),
        ("in my? chest", "in my chest", ["in my chest"]),
        ("# weeks", "32 weeks", ["32 weeks"]),
        ("## tablets", "5 tablets", []),
        ("## tablets", "50 tablets", ["50 tablets"]),
        ("(<pain>|sore) ..1 arm", "hurts my arm", ["hurts my arm"]),
        ("fever & neck", "my neck is stiff and i have a fever", ["fever", "neck"]),
        ("दर्द", "सिरदर्द है", []),
        ("दर्द*", "दर्दनाक", ["दर्दनाक"]),
    ],
)
def test_matches(phrase, text, expected):
    assert found(phrase, text) == expected


@pytest.mark.parametrize("phrase", ["..2 chest", "my? chest", "<missing> pain", "(a (b|c)) d", "(a ..2 b|c)", "a|b"])
def test_refused(phrase):
    with pytest.raises(ConfigError):
        read_phrase(phrase, WORDS)


@pytest.mark.parametrize(
    "text", ["language: en", "language: en\nsigns:\n  a: {any: x, otherwise: y}", "signs: [", "language: 3\nsigns: {}"]
)
def test_a_malformed_file_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"xx\.yaml"):
        read_signs(text, "xx.yaml")


def test_an_exception_voids_what_it_overlaps():
    (sign,) = read_signs("language: en\nsigns:\n  burn:\n    any: burn*\n    except: heart burn*", "en.yaml")
    assert sign.matches("heart burns", [(0, 11)]) == []
    assert sign.matches("it burns", [(0, 8)]) == [((3, 8),)]


def test_spellings_fold_together():
    assert fold("साँस ज़हर") == fold("सांस जहर")


SOME = ("my", "chest", "pain", "vomiting", "blood", "fever", "stiff", "neck", "सीने", "में", "दर्द", "left", "arm", "weak")


@given(st.lists(st.sampled_from(SOME), max_size=12))
def test_the_stems_lose_no_sign(parts):
    text = " ".join(parts)
    spans = [(0, len(text))]
    every = {sign.name + sign.language for sign in lexicon() if sign.matches(text, spans)}
    few = {sign.name + sign.language for sign in candidates(text) if sign.matches(text, spans)}
    assert every == few
