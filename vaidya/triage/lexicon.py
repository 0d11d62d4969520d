"""The phrases of `signs/<language>.yaml`, compiled once.

All languages are matched against all text: scripts do not mix, and a patient may change language in mid-sentence. So no
guess of the language can hide a sign.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.errors import ConfigError
from vaidya.triage.phrases import compile_phrase

Span = tuple[int, int]


class _Phrases(BaseModel):
    """One sign in one language: phrases, one a line, and what looks like them and is something else."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    any: str
    # `except` is a keyword of Python, not of the file.
    unless: Annotated[str, Field(alias="except")] = ""


class _SignsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    language: str
    words: dict[str, str] = {}
    signs: dict[str, _Phrases]


@dataclass(frozen=True, slots=True)
class Sign:
    """A symptom or circumstance as it is said in one language.

    phrases: alternatives; each is the tuple of expressions that must all match within one sentence.
    exceptions: a match that overlaps one of these does not count.
    """

    name: str
    language: str
    phrases: tuple[tuple[re.Pattern[str], ...], ...]
    exceptions: tuple[re.Pattern[str], ...]

    def matches(self, text: str, sentences: Sequence[Span]) -> list[tuple[Span, ...]]:
        """Every match in a normalised text, as the spans that make it up: one, or one for each side of an `&`."""
        found = [pick for phrase in self.phrases for pick in _all_of(phrase, text, sentences)]
        if not found or not self.exceptions:
            return found
        void = [match.span() for expression in self.exceptions for match in expression.finditer(text)]
        return [pick for pick in found if not any(_overlap(span, other) for span in pick for other in void)]


@lru_cache(maxsize=1)
def lexicon() -> tuple[Sign, ...]:
    """Every sign of every language that ships.

    Raises:
        ConfigError: a file is malformed.
    """
    folder = resources.files("vaidya.triage") / "signs"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    return tuple(sign for entry in files for sign in read_signs(entry.read_text(encoding="utf-8"), entry.name))


def languages() -> tuple[str, ...]:
    """Languages that have phrases."""
    return tuple(sorted({sign.language for sign in lexicon()}))


def read_signs(text: str, name: str) -> list[Sign]:
    """The signs of one file's text. `name`: the file's name, for the error.

    Raises:
        ConfigError: the file is malformed.
    """
    try:
        parsed = _SignsFile.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"{name} is not a file of signs: {error}; see vaidya/triage/phrases.py") from error
    words = {key: tuple(line.split("|")) for key, line in parsed.words.items()}

    def compiled(block: str) -> list[tuple[re.Pattern[str], ...]]:
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        together = [compile_phrase(line, words) for line in lines if " & " in line]
        alone = [compile_phrase(line, words)[0].pattern for line in lines if " & " not in line]
        # One expression for all plain phrases: the text is read once a sign.
        return ([(re.compile("|".join(alone)),)] if alone else []) + together

    return [
        Sign(sign, parsed.language, tuple(compiled(entry.any)), tuple(e[0] for e in compiled(entry.unless)))
        for sign, entry in parsed.signs.items()
    ]


def _all_of(phrase: tuple[re.Pattern[str], ...], text: str, sentences: Sequence[Span]) -> list[tuple[Span, ...]]:
    if len(phrase) == 1:
        return [(match.span(),) for match in phrase[0].finditer(text)]
    picks = []
    for start, end in sentences:
        found = [expression.search(text, start, end) for expression in phrase]
        if all(found):
            picks.append(tuple(match.span() for match in found if match))
    return picks


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
