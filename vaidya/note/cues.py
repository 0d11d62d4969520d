"""The word lists of `cues.yaml`, compiled once."""

import re
from functools import lru_cache
from importlib import resources

import yaml


@lru_cache(maxsize=1)
def _lists() -> dict[str, list[str]]:
    return yaml.safe_load((resources.files("vaidya.note") / "cues.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=32)
def cue(name: str) -> re.Pattern[str]:
    """A list as one pattern that matches whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(_lists()[name])})(?!\w)")


@lru_cache(maxsize=4)
def word_set(name: str) -> frozenset[str]:
    """A list of plain words."""
    return frozenset(" ".join(_lists()[name]).split())
