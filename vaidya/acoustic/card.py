"""The card that comes with every head and probe: what it was trained on, how it was judged, what it may be used for."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from vaidya.errors import ConfigError
from vaidya.schema.base import Contract
from vaidya.schema.transcript import Probability

# A probe must beat each of these on the same clips and folds (design: sound must earn its weight).
BASELINES = ("duration", "rms", "zero_crossings", "majority")


class Source(Contract):
    """One source of clips. subjects: None when the source does not say who is heard."""

    name: str
    licence: str
    clips: Annotated[int, Field(gt=0)]
    subjects: Annotated[int | None, Field(gt=0)]
    recorded: str


class Figure(Contract):
    """A measured number with its 95 % interval and the number of clips behind it; None where undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: Annotated[int, Field(ge=0)]


class Card(Contract):
    """What is known about a head.

    kind: `events` labels sounds and is no clinical signal; `probe` claims one, `target`.
    applies_to: the sound label whose windows a probe judges; None for every window.
    split: how training and test clips were held apart. held_out: figures on subjects that the head did not see.
    reliability: by label, mean probability, observed share and number of clips of each bin, held out.
    auroc: of a probe, for its target. baselines: of each baseline on the same clips, AUROC or, for events, macro-F1.
    recorded_as_used: whether the clips were recorded the way the product records; the reason stands in `limits`.
    seen: sha256 of every file trained on, so that nobody reports a figure on them as held out.
    sha256: of the safetensors file beside the card.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    kind: Literal["events", "probe"]
    encoder: str
    encoder_sha256: tuple[str, ...]
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    target: str | None = None
    applies_to: str | None = None
    threshold: Probability = 0.5
    intended_use: str
    not_for: str
    limits: tuple[str, ...]
    sources: tuple[Source, ...]
    split: Literal["subject", "source", "clip"]
    folds: str
    calibration: str
    regularisation: float
    held_out: dict[str, Figure]
    reliability: dict[str, tuple[tuple[float, float, int], ...]] = {}
    auroc: Figure | None = None
    baselines: dict[str, Figure] = {}
    recorded_as_used: bool
    trained_at: str
    trained_with: dict[str, str]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    seen: tuple[str, ...]

    @property
    def digest(self) -> str:
        """sha256 of the card's canonical JSON."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_card(path: Path) -> Card:
    """A card from its YAML file.

    Raises:
        ConfigError: the file is missing or is no card.
    """
    try:
        # Strict models take tuples only from JSON, so the YAML goes through it.
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Card.model_validate_json(_json(data))
    except FileNotFoundError as error:
        raise ConfigError(f"no card at {path}; a head without a card is not loaded") from error
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise ConfigError(f"{path} is not a card: {error}") from error


def write_card(card: Card, path: Path) -> None:
    """The card as YAML, the longest list last."""
    data = card.model_dump(mode="json")
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _json(data: object) -> str:
    import json

    return json.dumps(data)
