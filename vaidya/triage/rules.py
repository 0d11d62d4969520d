"""What the rule files share: alternatives of signs that must all be there, and how a file is read."""

from importlib import resources
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from vaidya.errors import ConfigError
from vaidya.triage.lexicon import YAML_LOADER
from vaidya.triage.signs import Signs

Alternatives = tuple[frozenset[str], ...]
M = TypeVar("M", bound=BaseModel)
_MOST_EVIDENCE = 8  # ids a reason; a long consultation repeats itself


def alternatives(block: str) -> Alternatives:
    """One set of signs a line, `sign & sign`."""
    return tuple(frozenset(line.replace(" ", "").split("&")) for line in block.splitlines() if line.strip())


def evidence_of(when: Alternatives, signs: Signs) -> tuple[str, ...] | None:
    """What the alternatives that hold rest on; None when none does."""
    names = frozenset(signs)
    held = [line for line in when if line <= names]
    if not held:
        return None
    return tuple(dict.fromkeys(id_ for line in held for sign in sorted(line) for id_ in signs[sign]))[:_MOST_EVIDENCE]


def read_rules(name: str, shape: type[M]) -> M:
    """A rule file of this package.

    Raises:
        ConfigError: it is malformed.
    """
    text = (resources.files("vaidya.triage") / name).read_text(encoding="utf-8")
    try:
        return shape.model_validate(yaml.load(text, Loader=YAML_LOADER))  # noqa: S506 - a safe loader either way
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"{name} is malformed: {error}") from error
