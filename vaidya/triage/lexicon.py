"""The phrases of `signs/<language>.yaml`, read once.

All languages are matched against all text: scripts do not mix, and a patient may change language in mid-sentence. So no
guess of the language can hide a sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.errors import ConfigError
from vaidya.triage.phrases import Phrase, Span, fold, read_phrase

# The C loader reads the files ten times as fast; both are safe loaders.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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

    phrases: alternatives. exceptions: a match that overlaps one of these does not count.
    """

    name: str
    language: str
    phrases: tuple[Phrase, ...]
    exceptions: tuple[Phrase, ...]

    def matches(self, text: str, sentences: Sequence[Span]) -> list[tuple[Span, ...]]:
        """Every match in a normalised text, as the spans that make it up."""
        found = [match for phrase in self.phrases for match in phrase.matches(text, sentences)]
        if not found or not self.exceptions:
            return found
        void = [span for phrase in self.exceptions for match in phrase.matches(text, sentences) for span in match]
        return [match for match in found if not any(_overlap(span, other) for span in match for other in void)]


@lru_cache(maxsize=1)
def _by_stem() -> tuple[dict[str, frozenset[int]], frozenset[int]]:
    """Stem -> places in the lexicon of the signs that need it, and the signs with a phrase that needs no stem."""
    places: dict[str, set[int]] = {}
    always: set[int] = set()
    for place, sign in enumerate(lexicon()):
        for phrase in sign.phrases:
            stems = phrase.rows[0].stems
            always.update(() if stems else (place,))
            for stem in stems:
                places.setdefault(stem, set()).add(place)
    return {stem: frozenset(found) for stem, found in places.items()}, frozenset(always)


def candidates(text: str) -> list[Sign]:
    """The signs that may be in a normalised text: a few of hundreds, found by their stems alone."""
    by_stem, always = _by_stem()
    found = set(always).union(*(places for stem, places in by_stem.items() if stem in text))
    return [lexicon()[place] for place in sorted(found)]


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
        parsed = _SignsFile.model_validate(yaml.load(fold(text), Loader=YAML_LOADER))  # noqa: S506 - a safe loader either way
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"{name} is not a file of signs: {error}; see vaidya/triage/phrases.py") from error
    words = {key: tuple(line.split("|")) for key, line in parsed.words.items()}

    def phrases(block: str) -> tuple[Phrase, ...]:
        return tuple(read_phrase(line.strip(), words) for line in block.splitlines() if line.strip())

    return [
        Sign(name, parsed.language, phrases(entry.any), phrases(entry.unless)) for name, entry in parsed.signs.items()
    ]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
