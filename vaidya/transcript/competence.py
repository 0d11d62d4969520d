"""What weights are known to write: measured or published once (`competence.yaml`), believed over the model itself."""

import enum
from functools import lru_cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from vaidya.schema import WeightsUsed

WRITTEN_MAX = 0.3  # word error rate up to which a note may rest on the words
BEYOND_MIN = 0.5  # from which they are no use
_OTHERS = "others"


class Competence(enum.Enum):
    """UNMEASURED: nobody knows, so a person is asked. BEYOND: the words are not to be relied on."""

    WRITTEN = "written"
    UNMEASURED = "unmeasured"
    BEYOND = "beyond"


class Measured(BaseModel):
    """A word error rate and the number of reference words that it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    word_error_rate: float
    words: int


class Known(BaseModel):
    """What is known of certain weights, by language (codes as Whisper's). like: other weights that these surpass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str | None = None
    measured: dict[str, Measured] = {}
    published: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    like: str | None = None

    @property
    def written(self) -> frozenset[str]:
        """Languages that these weights write."""
        good = (name for name, found in self.measured.items() if found.word_error_rate <= WRITTEN_MAX)
        return frozenset((*good, *self.published, *(table()[self.like].written if self.like else ())))

    @property
    def beyond(self) -> frozenset[str]:
        """Languages that they cannot write."""
        bad = (name for name, found in self.measured.items() if found.word_error_rate >= BEYOND_MIN)
        return frozenset((*bad, *self.assumed))


_TABLE = TypeAdapter(dict[str, Known])


@lru_cache(maxsize=1)
def table() -> dict[str, Known]:
    """Every entry, by the name of the weights."""
    source = resources.files("vaidya.transcript") / "competence.yaml"
    return _TABLE.validate_python(yaml.safe_load(source.read_text(encoding="utf-8")))


def competence(weights: WeightsUsed, language: str | None) -> Competence:
    """Whether weights write a language. They are known by their bytes, wherever they lie and whatever their name.

    >>> mine = WeightsUsed(name="my-whisper", sha256="0" * 64, origin="local folder")
    >>> [competence(mine, language).value for language in ("en", "hi")]
    ['written', 'unmeasured']
    """
    known = _known(weights)
    if language in known.beyond:
        return Competence.BEYOND
    return Competence.WRITTEN if language in known.written else Competence.UNMEASURED


def _known(weights: WeightsUsed) -> Known:
    by_bytes = next((known for known in table().values() if known.sha256 == weights.sha256), None)
    named = table().get(weights.name)
    return by_bytes or (named if named is not None and named.sha256 is None else table()[_OTHERS])
