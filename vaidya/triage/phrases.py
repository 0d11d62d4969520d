"""A small language for phrases that clinicians and translators can read and write.

A phrase is a row of terms separated by spaces, matched as whole words in normalised text:

    word            that word; `word*` any word that begins so; `#` a number, `##` one of two or three digits
    (a|b c|<name>)  one of these; a question mark after a term makes it optional: `my?`, `(my|the)?`
    <name>          one of the word list `name`
    ..3             up to three words may stand between
    A & B           both phrases, in one sentence, in any order

    >>> phrase = read_phrase("<cannot> ..1 (catch|get) ..2 breath", {"cannot": ("can't", "cannot")})
    >>> phrase.matches("i can't catch my breath", [(0, 23)])
    [((2, 23),)]
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vaidya.errors import ConfigError
from vaidya.language.cues import END, START

WordLists = Mapping[str, Sequence[str]]
Span = tuple[int, int]

_SEPARATOR = r"[\s,/\"'()-]+"
# A word that may stand in a gap. A denial may not: in "he hasn't taken all the pills" the words around it are not the
# finding.
_DENIAL = rf"(?:no|not|never|without|denies|denied|nor|\w+n't|nahi|nahin|नहीं|नही){END}"
_ANY_WORD = rf"(?!{_DENIAL})[^\s.?!;:।,]+"
_WORD_REST = r"[\w\u0900-\u0dff'-]*"
_DIGITS = {"##": r"\d{2,3}", "#": r"\d+"}
_TERM = re.compile(r"\.\.(?P<gap>\d+)|(?P<body>\([^()]*\)|<\w+>|[^\s?]+)(?P<optional>\?)?")
_FIRST_OPTIONAL = re.compile(r"(?:\([^()]*\)|<\w+>|[^\s?]+)\?")

# Spellings that Indic writers and recognisers mix: nasal dots, nukta, joiners.
_FOLDED = str.maketrans({"\u0901": "\u0902", "\u093c": None, "\u200c": None, "\u200d": None})


def fold(text: str) -> str:
    """Text or phrase with one spelling for what Indic scripts write in two.

    >>> fold("साँस") == fold("सांस"), fold("ज़हर") == fold("जहर")
    (True, True)
    """
    return unicodedata.normalize("NFC", text).translate(_FOLDED)


@dataclass(frozen=True, slots=True)
class Row:
    """Terms in a row. stems: one of them is in every text that matches, so most texts need no expression at all."""

    source: str
    stems: tuple[str, ...]

    def may_match(self, text: str) -> bool:
        """Whether the expression is worth trying."""
        return not self.stems or any(stem in text for stem in self.stems)

    @property
    def expression(self) -> re.Pattern[str]:
        """Compiled when first needed: a thousand phrases take seconds, a consultation needs a tenth of them."""
        return _compiled(self.source)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase: its rows, joined by `&`."""

    rows: tuple[Row, ...]

    def matches(self, text: str, sentences: Sequence[Span]) -> list[tuple[Span, ...]]:
        """Every match in a normalised text, as one span for each row."""
        if not all(row.may_match(text) for row in self.rows):
            return []
        if len(self.rows) == 1:
            return [(match.span(),) for match in self.rows[0].expression.finditer(text)]
        tried = ([row.expression.search(text, *sentence) for row in self.rows] for sentence in sentences)
        return [tuple(match.span() for match in found if match) for found in tried if all(found)]


def read_phrase(phrase: str, words: WordLists) -> Phrase:
    """A phrase as it stands in a file of signs.

    Raises:
        ConfigError: a word list is unknown, or the phrase begins with a gap or an optional term.
    """
    return Phrase(tuple(_row(part.strip(), words) for part in phrase.split(" & ")))


@lru_cache(maxsize=4_096)
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source)


def _row(phrase: str, words: WordLists) -> Row:
    expression, needed = "", []
    for match in _TERM.finditer(phrase):
        if match["gap"] is None:
            choices = _choices(match["body"], words)
            _refuse_nesting(choices, phrase)
            term = f"(?:{'|'.join(map(_words, sorted(choices, key=len, reverse=True)))})"
            lead = _SEPARATOR if expression else ""
            expression += f"(?:{lead}{term})?" if match["optional"] else f"{lead}{term}"
            needed += [] if match["optional"] else [_stems(choices)]
        else:
            expression += rf"(?:{_SEPARATOR}{_ANY_WORD}){{0,{match['gap']}}}?"
    if not needed or phrase.startswith("..") or _FIRST_OPTIONAL.match(phrase):
        raise ConfigError(f"the phrase {phrase!r} begins with a gap or an optional term; see vaidya/triage/phrases.py")
    # The term that is hardest to meet by chance: its shortest alternative is the longest.
    return Row(f"{START}(?:{expression}){END}", max(needed, key=lambda stems: min(map(len, stems), default=0)))


def _refuse_nesting(choices: Sequence[str], phrase: str) -> None:
    if any(set(choice) & set("()|<>") or ".." in choice for choice in choices):
        raise ConfigError(f"the phrase {phrase!r} nests or misplaces brackets; see vaidya/triage/phrases.py")


def _choices(body: str, words: WordLists) -> Sequence[str]:
    """The alternatives of a term, with the word lists that it names written out."""
    named = body[1:-1].split("|") if body.startswith("(") else [body]
    return [word for choice in named for word in (_word_list(choice, words) if choice.startswith("<") else (choice,))]


def _word_list(reference: str, words: WordLists) -> Sequence[str]:
    name = reference.removeprefix("<").removesuffix(">")
    if name not in words:
        raise ConfigError(f"no word list {name!r}; there are {', '.join(sorted(words))}")
    return words[name]


def _stems(choices: Sequence[str]) -> tuple[str, ...]:
    """The longest plain word of each alternative; none when one of them has no letters."""
    stems = [max((word.removesuffix("*") for word in choice.split()), key=len, default="") for choice in choices]
    return () if any(stem in ("", *_DIGITS) for stem in stems) else tuple(stems)


def _words(text: str) -> str:
    """Plain words, each with an optional trailing star."""
    return r"[\s-]+".join(_word(word) for word in text.split())


def _word(word: str) -> str:
    if word in _DIGITS:
        return _DIGITS[word]
    return re.escape(word.removesuffix("*")) + (_WORD_REST if word.endswith("*") else "")
