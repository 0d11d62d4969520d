"""all-MiniLM-L6-v2 in numpy: a sentence encoder that needs neither torch nor a model hub.

Six layers of BERT (Devlin et al. 2019) with the weights that `vaidya.weights` verifies; tests compare it with the
same model in transformers. Used by BERTScore and by nothing that decides anything.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.weights import resolve

ENCODER = "all-minilm-l6-v2"
LONGEST = 512  # tokens, the model's positions
_HEADS = 12
_EPSILON = 1e-12
_SPECIAL = 2  # [CLS] and [SEP]


class Encoder:
    """Text -> one vector a token, of 384 numbers; the layer is the last."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._weights = _read_safetensors(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        layers = {key.split(".")[2] for key in self._weights if key.startswith("encoder.layer.")}
        self._layers = sorted(map(int, layers))

    def tokens(self, text: str) -> np.ndarray:
        """Contextual vectors of the tokens of a text, [CLS] and [SEP] included; shape (tokens, 384)."""
        ids = np.array(self._tokenizer.encode(text).ids)
        state = self._embed(ids)
        for layer in self._layers:
            state = self._layer(state, f"encoder.layer.{layer}.")
        return state

    def sentence(self, text: str) -> np.ndarray:
        """The mean of the token vectors, of length 1; shape (384,)."""
        mean = self.tokens(text).mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _embed(self, ids: np.ndarray) -> np.ndarray:
        w = self._weights
        summed = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        return self._normed(summed, "embeddings.LayerNorm")

    def _layer(self, state: np.ndarray, prefix: str) -> np.ndarray:
        attended = self._linear(self._attend(state, prefix), f"{prefix}attention.output.dense")
        state = self._normed(state + attended, f"{prefix}attention.output.LayerNorm")
        inner = _gelu(self._linear(state, f"{prefix}intermediate.dense"))
        return self._normed(state + self._linear(inner, f"{prefix}output.dense"), f"{prefix}output.LayerNorm")

    def _attend(self, state: np.ndarray, prefix: str) -> np.ndarray:
        query, key, value = (
            self._split(self._linear(state, f"{prefix}attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        return mixed.transpose(1, 0, 2).reshape(state.shape)

    def _split(self, state: np.ndarray) -> np.ndarray:
        return state.reshape(len(state), _HEADS, -1).transpose(1, 0, 2)

    def _linear(self, state: np.ndarray, name: str) -> np.ndarray:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, state: np.ndarray, name: str) -> np.ndarray:
        centred = state - state.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


@lru_cache(maxsize=1)
def load_encoder() -> Encoder:
    """The encoder, its weights fetched on first use.

    Raises:
        WeightsError: no source has them.
    """
    return Encoder(resolve(ENCODER).folder)


def bertscore(reference: str, text: str) -> float | None:
    """BERTScore F1 (Zhang et al. 2020) without idf weighting or rescaling; None when either text is empty.

    Each token is matched with the most similar token of the other text; precision and recall are the mean
    similarities. As in the `bert-score` package, [CLS] and [SEP] can be matched but are not averaged over.

    >>> bertscore("Chest pain", " ") is None
    True
    """
    if not reference.strip() or not text.strip():
        return None
    encoder = load_encoder()
    wanted, found = (_unit(encoder.tokens(words)) for words in (reference, text))
    if min(len(wanted), len(found)) <= _SPECIAL:
        return None
    similarity = wanted @ found.T
    recall, precision = similarity[1:-1].max(axis=1).mean(), similarity[:, 1:-1].max(axis=0).mean()
    return float(2 * precision * recall / (precision + recall))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return x * 0.5 * (1 + erf(x / np.sqrt(2)))


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file: eight bytes of header length, a JSON header, the data."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header: dict[str, Any] = json.loads(raw[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(raw[start:end], dtype="<f4").reshape(entry["shape"])
    return tensors
