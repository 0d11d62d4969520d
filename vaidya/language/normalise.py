"""One written form for comparing text, and its sentences and content words.

Offsets matter to callers that point at a phrase: `normalise` is applied once, and every other function of this
package takes normalised text and gives offsets in it.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from vaidya.language.cues import opens_question, stopwords

_PLAIN = {"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": " - ", "\u00a0": " ", "…": "..."}
_INDIC_ZEROS = "०௦౦೦൦০૦੦୦"
_DIGITS = {chr(ord(zero) + i): str(i) for zero in _INDIC_ZEROS for i in range(10)}
_TRANSLATION = str.maketrans(_PLAIN | _DIGITS)
_SPACES = re.compile(r"\s+")
# A point within a number, after a title or within a spelt abbreviation ends no sentence.
_SENTENCE_END = re.compile(r"(?<!\bdr)(?<!\bmr)(?<!\bmrs)(?<!\b[a-z]\.[a-z])[.?!।]+(?=\s|$)")
# `\w` leaves out combining vowel signs, so they are joined on by range.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff\u200c\u200d]|['./-](?=[^\W_]))*")

# Suffix and what replaces it, in the order tried; at least three letters must stay.
_SUFFIXES = (
    *(("iness", "y"), ("ness", ""), ("ies", "y"), ("ied", "y"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", "")),
    *(("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a normalised text. question: it has a question mark, or opens as a question does."""

    text: str
    start: int
    end: int
    question: bool


def normalise(text: str) -> str:
    """Lower case, NFC, plain quotes and dashes, ASCII digits, single spaces. Vowel signs are kept.

    >>> normalise("  I can’t  walk… १२ days ")
    "i can't walk... 12 days"
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text).translate(_TRANSLATION)).strip().lower()


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a normalised text, in order.

    >>> [s.text for s in sentences("no fever. dr. shah said 38.5? yes")]
    ['no fever.', 'dr. shah said 38.5?', 'yes']
    """
    found, start = [], 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        body = text[start:end].strip()
        if body:
            begin = text.index(body, start)
            found.append(Sentence(body, begin, begin + len(body), _asks(body)))
        start = end
    return tuple(found)


def _asks(sentence: str) -> bool:
    return "?" in sentence or bool(opens_question().match(sentence))


def words(text: str) -> tuple[str, ...]:
    """The words of a normalised text: letters with their marks, digits, inner apostrophes, points and hyphens."""
    return tuple(match.group() for match in _WORD.finditer(text))


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word without its English inflection, for comparison only; other scripts come back unchanged.

    >>> stem("vomiting"), stem("allergies"), stem("stopped"), stem("बुखार")
    ('vomit', 'allergy', 'stop', 'बुखार')
    """
    if not word.isascii() or any(c.isdigit() for c in word):
        return word
    for suffix, ending in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not (suffix == "s" and word.endswith("ss")):
            return _unify(word[: -len(suffix)] + ending)
    return _unify(word)


def _unify(root: str) -> str:
    # "stopped" -> "stop" but "swell" stays; a final e is dropped so that "breathe" meets "breathing".
    if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
        return root[:-1]
    return root[:-1] if len(root) > 3 and root.endswith("e") else root


def content_words(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, numbers included; function words, chat and denials left out.

    >>> content_words("i have been vomiting since the morning")
    ('vomit', 'morn')
    """
    bare = (word.removesuffix("'s") for word in words(text))
    return tuple(stem(word) for word in bare if word not in stopwords() and (len(word) > 1 or not word.isalpha()))
