"""Scripts against Unicode's own character names."""

import unicodedata

import pytest

from vaidya.transcript.scripts import SCRIPTS, letters, own_share

SAMPLES = {
    "hi": ("दर्द", "DEVANAGARI"),
    "ta": ("வலி", "TAMIL"),
    "te": ("నొప్పి", "TELUGU"),
    "kn": ("ನೋವು", "KANNADA"),
    "bn": ("ব্যথা", "BENGALI"),
    "ur": ("درد", "ARABIC"),
    "ru": ("боль", "CYRILLIC"),
    "en": ("pain", "LATIN"),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_a_language_owns_its_script_and_no_other(language):
    text, name = SAMPLES[language]
    assert all(name in unicodedata.name(letter) for letter in text)
    for other, (foreign, foreign_name) in SAMPLES.items():
        assert own_share(foreign, language) == (1.0 if foreign_name == name else 0.0), other


def test_what_belongs_to_no_script_is_not_counted():
    assert own_share("120/80, 38.5 °C — ½ 💊", "en") == 1.0  # the C
    assert own_share("… १२ 12", "hi") is None
    assert letters("abc", "tlh") is None


def test_every_script_is_known_to_unicode():
    for language in SCRIPTS:
        assert letters("a", language) is not None


def test_either_alphabet_of_a_language_with_two_is_right():
    assert own_share("bol", "sr") == own_share("бол", "sr") == 1.0
