"""Which letters a language is written in, and whether a text is written so.

Scripts are Unicode's (UAX #24); which language uses which: Unicode CLDR, supplemental language data, the scripts in
customary modern use. A language that is not listed is not checked: no table is better than a wrong one.
"""

from collections.abc import Iterable
from functools import lru_cache

import regex

LATIN = ("Latin",)
CYRILLIC = ("Cyrillic",)
ARABIC = ("Arabic",)
DEVANAGARI = ("Devanagari",)
_LATIN_CODES = (
    "af az br bs ca cs cy da de en es et eu fi fo fr gl ha haw hr ht hu id is it jw ku la lb ln lt lv mg mi ms mt nl "
    "nn no oc pl pt ro sk sl sn so sq su sv sw tk tl tr uz vi yo"
)
# Serbian is written in two alphabets, Punjabi, Sindhi and Kashmiri by country; either is right.
SCRIPTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_LATIN_CODES.split(), LATIN),
    **dict.fromkeys(["ba", "be", "bg", "kk", "mk", "mn", "ru", "tg", "tt", "uk"], CYRILLIC),
    **dict.fromkeys(["ar", "fa", "ps", "ur"], ARABIC),
    **dict.fromkeys(["hi", "mr", "ne", "sa"], DEVANAGARI),
    "sr": ("Cyrillic", "Latin"),
    "pa": ("Gurmukhi", "Arabic"),
    "sd": ("Arabic", "Devanagari"),
    "ks": ("Arabic", "Devanagari"),
    "as": ("Bengali",),
    "bn": ("Bengali",),
    "gu": ("Gujarati",),
    "or": ("Oriya",),
    "ta": ("Tamil",),
    "te": ("Telugu",),
    "kn": ("Kannada",),
    "ml": ("Malayalam",),
    "si": ("Sinhala",),
    "th": ("Thai",),
    "lo": ("Lao",),
    "my": ("Myanmar",),
    "km": ("Khmer",),
    "bo": ("Tibetan",),
    "ka": ("Georgian",),
    "hy": ("Armenian",),
    "el": ("Greek",),
    "he": ("Hebrew",),
    "yi": ("Hebrew",),
    "am": ("Ethiopic",),
    "ja": ("Han", "Hiragana", "Katakana"),
    "ko": ("Hangul", "Han"),
    "zh": ("Han",),
    "yue": ("Han",),
}
_LETTER = regex.compile(r"\p{L}")
_MOST = 0.5


@lru_cache(maxsize=128)
def _own_letter(language: str) -> regex.Pattern[str] | None:
    scripts = SCRIPTS.get(language)
    if scripts is None:
        return None
    return regex.compile("(?=\\p{L})[" + "".join(f"\\p{{Script={name}}}" for name in scripts) + "]")


def letters(text: str, language: str) -> tuple[int, int] | None:
    """Letters of the language's own script, and letters in all; None for a language whose script is not listed.

    Digits, punctuation and combining signs are not counted: they belong to no script, or to their letter.

    >>> letters("डॉक्टर ने BP देखा", "hi"), letters("داکٹر", "hi"), letters("abc", "tlh")
    ((7, 9), (0, 5), None)
    """
    own = _own_letter(language)
    if own is None:
        return None
    return len(own.findall(text)), len(_LETTER.findall(text))


def own_share(text: str, language: str) -> float | None:
    """Share of a text's letters that are in its language's script; None without letters, or for an unlisted language.

    >>> own_share("Rajapandha ne kaha", "hi"), own_share("120/80", "hi")
    (0.0, None)
    """
    counted = letters(text, language)
    return counted[0] / counted[1] if counted and counted[1] else None


def written_in_any(text: str, languages: Iterable[str]) -> bool:
    """Whether most letters of a text are those of one of some languages; a language that is not listed proves nothing.

    A text without letters is in no language, and is readable in each.

    >>> written_in_any("सीने में दर्द", ["en"]), written_in_any("seene mein dard", ["en"]), written_in_any("120/80", ["en"])
    (False, True, True)
    """
    shares = [own_share(text, language) for language in languages]
    return any(share is None or share > _MOST for share in shares)
