"""What a model remembers of a prompt's fixed beginning, so that each request goes on from there.

Growing: memory grows with each token, on any device. Fixed: memory for the whole context is laid out once and never
moves, which lets torch compile the step that writes a token and replay it as one CUDA graph; without that a processor
starts hundreds of small kernels for each token, and they, not the memory, set the pace.
"""

import copy
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import DynamicCache, PreTrainedModel, StaticCache


class PrefixCache(Protocol):
    """The cache of one model; one request at a time."""

    def read(self, ids: tuple[int, ...]) -> None:
        """Read a beginning, in place of the one before."""
        ...

    def continued(self, ids: tuple[int, ...]) -> tuple[Any, int]:
        """A cache for a request (None: it makes its own), and how many of the request's tokens are in it."""
        ...


class GrowingCache:
    """A copy of the prefix for each request."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model: Any = model
        self._ids: tuple[int, ...] = ()
        self._cache: Any = None

    def read(self, ids: tuple[int, ...]) -> None:
        """Read a beginning, in place of the one before."""
        self._cache = DynamicCache(config=self._model.config.get_text_config())
        _read(self._model, ids, self._cache)
        self._ids = ids

    def continued(self, ids: tuple[int, ...]) -> tuple[Any, int]:
        """A copy of the prefix's memory where the request begins with it."""
        if not _begins(ids, self._ids):
            return None, 0
        return copy.deepcopy(self._cache), len(self._ids)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer's memory of the prefix. tokens: how many it has seen, where it counts them beside the tensor."""

    keys: Any
    values: Any
    length: Any
    tokens: int | None


class FixedCache:
    """One static cache, set back to the prefix before each request. context: most tokens of a request and its reply."""

    def __init__(self, model: PreTrainedModel, context: int) -> None:
        self._model: Any = model
        self._cache: Any = StaticCache(config=self._model.config, max_cache_len=context)
        self._ids: tuple[int, ...] = ()
        self._kept: list[_Layer] = []

    def read(self, ids: tuple[int, ...]) -> None:
        """Read a beginning, in place of the one before."""
        self._cache.reset()
        _read(self._model, ids, self._cache)
        self._kept = [
            _Layer(
                layer.keys.clone(),
                layer.values.clone(),
                layer.cumulative_length.clone(),
                getattr(layer, "cumulative_length_int", None),
            )
            for layer in self._cache.layers
        ]
        self._ids = ids

    def continued(self, ids: tuple[int, ...]) -> tuple[Any, int]:
        """The cache itself, holding the prefix where the request begins with it, else nothing."""
        if not _begins(ids, self._ids):
            self._cache.reset()
            return self._cache, 0
        with torch.no_grad():
            for layer, kept in zip(self._cache.layers, self._kept, strict=True):
                layer.keys.copy_(kept.keys)
                layer.values.copy_(kept.values)
                layer.cumulative_length.copy_(kept.length)
                if kept.tokens is not None:
                    layer.cumulative_length_int = kept.tokens
        return self._cache, len(self._ids)


def _begins(ids: tuple[int, ...], beginning: tuple[int, ...]) -> bool:
    # A request that is all prefix would have no token to go on from.
    return bool(beginning) and len(ids) > len(beginning) and ids[: len(beginning)] == beginning


def _read(model: Any, ids: tuple[int, ...], cache: Any) -> None:
    with torch.no_grad():
        model(
            input_ids=torch.tensor([ids], device=model.device), past_key_values=cache, use_cache=True, logits_to_keep=1
        )
