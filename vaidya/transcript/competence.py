"""What weights are known not to manage: measured once, kept in `competence.yaml`, believed over the model itself."""

from functools import lru_cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter


class Measured(BaseModel):
    """A word error rate and the number of reference words that it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    word_error_rate: float
    words: int


class Competence(BaseModel):
    """Languages that certain weights cannot write: measured, or assumed of their kind (codes as Whisper's)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured: dict[str, Measured] = {}
    assumed: tuple[str, ...] = ()


_TABLE = TypeAdapter(dict[str, Competence])


@lru_cache(maxsize=1)
def table() -> dict[str, Competence]:
    """Every entry, by the name of the weights."""
    source = resources.files("vaidya.transcript") / "competence.yaml"
    return _TABLE.validate_python(yaml.safe_load(source.read_text(encoding="utf-8")))


def beyond(weights: str, language: str | None) -> bool:
    """Whether a language is one that the weights cannot write; False for weights that nobody listed.

    >>> beyond("faster-whisper-base", "hi"), beyond("faster-whisper-base", "en"), beyond("some/folder", "hi")
    (True, False, False)
    """
    known = table().get(weights)
    return known is not None and language is not None and (language in known.measured or language in known.assumed)
