"""How a note's words are compared with a reference: Porter stems, spelling variants, numbers as digits.

The runtime check has its own light stemmer and thresholds (`vaidya.note.evidence`); here is the judge's side, with
NLTK's Porter stemmer (the one that ROUGE uses), so that a mistake in one is not a mistake in both. Denials and
concept names come from the shared layers; eval/cards/unsupported_statements.md says what that means for the figures.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from vaidya.language import normalise, numbers, to_digits, words
from vaidya.language.cues import stopwords
from vaidya.note.extract.lexicon import find_concepts
from vaidya.schema import Case

# British -> American, so that one stem stands for both.
_SPELLINGS = (
    *(("oedema", "edema"), ("haem", "hem"), ("rrhoea", "rrhea"), ("oesoph", "esoph"), ("anaem", "anem")),
    *(("paed", "ped"), ("tumour", "tumor"), ("colour", "color"), ("litre", "liter"), ("apnoea", "apnea")),
)
_SPLIT = re.compile(r"(?<=\d)[-/x](?=\d)|(?<=[a-z])[-/](?=[a-z])|(?<=\d)(?=[a-z])|/(?=day|week)|\bx(?=\d)")


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=32_768)
def porter(word: str) -> str:
    """The Porter stem of a word after American spelling; other scripts and numbers come back unchanged."""
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    return word if not word.isascii() or any(c.isdigit() for c in word) else _stemmer().stem(word)


def plain(text: str) -> str:
    """Normal form with digits for number words, and joined measures taken apart ("3days", "6-7/day")."""
    return " ".join(_SPLIT.sub(" ", to_digits(normalise(text))).split())


def stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, of a text in plain form."""
    return tuple(porter(word.removesuffix("'s")) for word in words(text) if word not in stopwords())


def concepts(text: str) -> frozenset[str]:
    """Names of the symptoms, conditions and so on that a text in plain form speaks of."""
    return frozenset(found.name for found in find_concepts(text) if found.kind != "exam")


def figures(texts: Iterable[str]) -> frozenset[float]:
    """Every number in some texts in plain form."""
    return frozenset(quantity.value for text in texts for quantity in numbers(text))


def in_english(case: Case, text: str) -> str:
    """A statement that quotes a turn in another language, with the turn's reference English in the quotation's place.

    A reader of that language has the fact in front of them; the English is for matching alone.
    """
    quoted = re.search(r'"([^"]+)"', text)
    words = (quoted[1] if quoted else text.rpartition(": ")[2]).strip()
    turn = next((t for t in case.turns if words and t.english and t.english != t.text and words in t.text), None)
    return text.replace(words, turn.english) if turn and turn.english else text
