"""How speech is compared with what was said: one spelling a script, marks kept.

Policy, the same for reference and hypothesis:

- NFC; case folded; zero-width joiners dropped. Combining marks stay: without its vowel signs a Hindi word is another
  word, and the English normaliser that is usual for Whisper strips them (it turned a WER of 0.30 into 0.12).
- Punctuation, symbols and dandas part words. An apostrophe inside a word is dropped without parting it ("don't" is one
  word in every spelling); a hyphen parts. Hesitations are words: a transcriber that leaves them out has left them out.
- Digits of every script become ASCII, thousands separators go, decimal points stay, "%" is read "percent". In English
  number words become digits, so "two weeks" equals "2 weeks".
- Languages written without spaces are compared by character.
"""

import unicodedata
from functools import lru_cache

import regex

from vaidya.language import normalise, to_digits

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my", "bo"})
ENGLISH = "en"
_JOINERS = str.maketrans("", "", "\u200b\u200c\u200d\ufeff\u00ad")
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_INNER_APOSTROPHE = regex.compile(r"(?<=\p{L}\p{M}*)['’](?=\p{L})")
_NOT_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}.]+|(?<!\d)\.|\.(?!\d)")


@lru_cache(maxsize=4_096)
def spoken_words(text: str, language: str | None = None) -> tuple[str, ...]:
    """The words of a text by the policy above; characters for languages written without spaces.

    >>> spoken_words("I can’t — twenty-five mg, 38.5°!", "en")
    ('i', 'cant', '25', 'mg', '38.5')
    >>> spoken_words("मुझे १२ दिन से बुख़ार है।", "hi") == ("मुझे", "12", "दिन", "से", "बुख़ार", "है")
    True
    """
    plain = normalise(unicodedata.normalize("NFC", text).translate(_JOINERS))
    if language == ENGLISH:
        plain = to_digits(plain)
    plain = _THOUSANDS.sub("", _INNER_APOSTROPHE.sub("", plain.replace("%", " percent ")))
    parts = _NOT_WORD.sub(" ", plain.casefold()).split()
    return tuple("".join(parts)) if language in UNSPACED else tuple(parts)


def spoken_line(text: str, language: str | None = None) -> str:
    """The words joined by single spaces: what character errors are counted on."""
    return ("" if language in UNSPACED else " ").join(spoken_words(text, language))
