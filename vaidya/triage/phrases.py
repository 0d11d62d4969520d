"""A small language for phrases that clinicians and translators can read and write, compiled to regular expressions.

A phrase is a row of terms separated by spaces, matched as whole words in normalised text:

    word            that word; `word*` any word that begins so; `#` a number, `##` one of two or three digits
    (a|b c|d*)      one of these; a question mark after a term makes it optional: `my?`, `(my|the)?`
    <name>          one of the word list `name`
    ..3             up to three words may stand between
    A & B           both phrases, in one sentence, in any order

    >>> words = {"cannot": ("can't", "cannot")}
    >>> bool(compile_phrase("<cannot> ..1 (catch|get) ..2 breath", words)[0].search("i can't catch my breath"))
    True
"""

import re
from collections.abc import Mapping, Sequence

from vaidya.errors import ConfigError
from vaidya.language.cues import END, START

WordLists = Mapping[str, Sequence[str]]

_SEPARATOR = r"[\s,/\"'()-]+"
_ANY_WORD = r"[^\s.?!;:।,]+"
_TERM = re.compile(r"\.\.(?P<gap>\d)|\((?P<group>[^()]*)\)(?P<g_opt>\?)?|<(?P<name>\w+)>(?P<n_opt>\?)?|(?P<word>\S+)")


def compile_phrase(phrase: str, words: WordLists) -> tuple[re.Pattern[str], ...]:
    """The expressions that must all match within one sentence; one, unless the phrase has an `&`.

    Raises:
        ConfigError: a word list is unknown, or the phrase cannot be read.
    """
    try:
        return tuple(re.compile(f"{START}(?:{source(part, words)}){END}") for part in phrase.split(" & "))
    except re.error as error:
        raise ConfigError(f"the phrase {phrase!r} cannot be read: {error}; see vaidya/triage/phrases.py") from error


def source(phrase: str, words: WordLists) -> str:
    """A phrase without `&` as the source of a regular expression; its first term is never optional or a gap."""
    expression = ""
    for match in _TERM.finditer(phrase.strip()):
        if match["gap"]:
            expression += rf"(?:{_SEPARATOR}{_ANY_WORD}){{0,{match['gap']}}}?"
            continue
        term, optional = _term(match, words)
        if not expression:
            expression = term
        else:
            expression += rf"(?:{_SEPARATOR}{term})?" if optional else f"{_SEPARATOR}{term}"
    return expression


def _term(match: re.Match[str], words: WordLists) -> tuple[str, bool]:
    if match["group"] is not None:
        return _alternatives(match["group"].split("|")), bool(match["g_opt"])
    if match["name"] is not None:
        if match["name"] not in words:
            raise ConfigError(f"no word list {match['name']!r}; there are {', '.join(sorted(words))}")
        return _alternatives(words[match["name"]]), bool(match["n_opt"])
    word = match["word"]
    return _words(word.removesuffix("?")), word.endswith("?")


def _alternatives(choices: Sequence[str]) -> str:
    longest_first = sorted(choices, key=len, reverse=True)
    return f"(?:{'|'.join(_words(choice) for choice in longest_first)})"


def _words(text: str) -> str:
    """Plain words, each with an optional trailing star."""
    return r"[\s-]+".join(_word(word) for word in text.split())


def _word(word: str) -> str:
    digits = {"##": r"\d{2,3}", "#": r"\d+"}
    if word in digits:
        return digits[word]
    return re.escape(word.removesuffix("*")) + (r"[\w\u0900-\u0dff'-]*" if word.endswith("*") else "")
