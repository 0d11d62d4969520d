"""A linear head over an encoder's vectors: one calibrated logistic a label, in a small safetensors file with a card."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from vaidya.acoustic.card import Card, read_card, write_card
from vaidya.errors import ConfigError, WeightsHashError

EVENTS = "events"


@dataclass(frozen=True, slots=True)
class LinearHead:
    """sigmoid(weight · (vector - mean) / scale + bias) for each label, labels judged independently.

    mean, scale: shape (dimension,), of the training vectors. weight: (labels, dimension). bias: (labels,); calibration
    is folded into weight and bias.
    """

    labels: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """(n, dimension) -> (n, labels), each 0 to 1."""
        return sigmoid(((vectors - self.mean) / self.scale) @ self.weight.T + self.bias)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logistic function that does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))


def shipped_folder() -> Path:
    """Heads and cards that come with the package."""
    return Path(str(resources.files("vaidya.acoustic") / "probes"))


def find_card(name: str) -> Path | None:
    """Where the card of a head lies: a path as given, else among the shipped ones; None when there is none."""
    path = Path(name) if name.endswith(".yaml") else shipped_folder() / f"{name}.yaml"
    return path if path.is_file() else None


def events_name(encoder: str) -> str:
    """What the event head of an encoder is called."""
    return f"{encoder}-{EVENTS}"


def load_head(name: str, encoder: str, dimension: int) -> tuple[LinearHead, Card]:
    """A head by the name of a shipped one or by the path of its card.

    Raises:
        ConfigError: there is none, or it belongs to another encoder.
        WeightsHashError: the file is not the one that the card describes.
    """
    path = find_card(name)
    if path is None:
        known = ", ".join(sorted(card.stem for card in shipped_folder().glob("*.yaml")))
        raise ConfigError(f"no head {name!r}; there are {known}, or give the path of a card")
    card = read_card(path)
    if card.encoder != encoder:
        raise ConfigError(f"head {card.name!r} was trained over {card.encoder!r}, the encoder is {encoder!r}")
    head = _read_tensors(path.with_suffix(".safetensors"), card)
    if head.weight.shape != (len(card.labels), dimension):
        raise ConfigError(f"head {card.name!r} has shape {head.weight.shape}, needed ({len(card.labels)}, {dimension})")
    return head, card


def _read_tensors(path: Path, card: Card) -> LinearHead:
    from safetensors.numpy import load

    if not path.is_file():
        raise ConfigError(f"no tensors at {path}, beside the card of {card.name!r}")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != card.sha256:
        raise WeightsHashError(f"{path.name} is not the file that its card describes; take both from one training run")
    tensors = load(raw)
    return LinearHead(card.labels, *(tensors[key].astype(np.float64) for key in ("mean", "scale", "weight", "bias")))


def save_head(head: LinearHead, facts: Mapping[str, object], folder: Path) -> Path:
    """Write `NAME.safetensors` and `NAME.yaml`; returns the card's path.

    facts: fields of the card but `labels` and `sha256`, which are the head's own.
    """
    from safetensors.numpy import save

    arrays = {key: getattr(head, key).astype(np.float32) for key in ("mean", "scale", "weight", "bias")}
    raw = save(arrays)
    card = Card.model_validate({**facts, "labels": head.labels, "sha256": hashlib.sha256(raw).hexdigest()})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{card.name}.safetensors").write_bytes(raw)
    write_card(card, folder / f"{card.name}.yaml")
    return folder / f"{card.name}.yaml"
