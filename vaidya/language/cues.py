"""The word lists of `cues.yaml`, compiled once."""

import re
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

# A boundary that also holds beside Indic vowel signs, which `\b` splits from their letter.
_LETTER = r"\w\u0900-\u0dff"
START = rf"(?<![{_LETTER}])"
END = rf"(?![{_LETTER}])"


@lru_cache(maxsize=1)
def cues() -> dict[str, Any]:
    """The parsed file."""
    text = (resources.files("vaidya.language") / "cues.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


@lru_cache(maxsize=64)
def pattern(section: str, name: str) -> re.Pattern[str]:
    """One list as a pattern that matches whole words."""
    return re.compile(rf"{START}(?:{alternatives(section, name)}){END}")


def alternatives(section: str, name: str) -> str:
    """One list as the inside of a group."""
    return "|".join(cues()[section][name])


@lru_cache(maxsize=1)
def stopwords() -> frozenset[str]:
    """Function words and the chat of a consultation; denials are judged apart and stand here too."""
    return frozenset(" ".join(cues()["stopwords"]).split())


@lru_cache(maxsize=1)
def opens_question() -> re.Pattern[str]:
    """How a question begins, after the usual hesitation."""
    hesitation = r"(?:(?:and|so|ok|okay|um|uh|right|alright|now|well|but),?\s+)*"
    return re.compile(rf"^{hesitation}(?:{'|'.join(cues()['opens_question'])})\b")
