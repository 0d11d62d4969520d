"""One batch -> the negative log-likelihood of each row's completion.

Prompts come as stored keys and values; the layers below the adapter run once a row, without gradient, and their output
is kept; the loss is taken over the tokens that the training set uses, because the head over a vocabulary of 150,000
would cost a fifth of a step. Validation is over the whole vocabulary.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vaidya.training.examples import Encoded
from vaidya.training.prompts import PromptStore


@dataclass(frozen=True, slots=True)
class _Batch:
    """Tensors of a batch. rows, positions, targets: one entry a completion token: its place, and what it is."""

    ids: Any
    mask: Any
    places: Any
    past: Any
    rows: Any
    positions: Any
    targets: Any


class CompletionLoss:
    """The loss of a model with an adapter from `first_layer` on. tokens: ids that the training loss is taken over."""

    def __init__(self, model: Any, prompts: PromptStore, first_layer: int, tokens: Sequence[int]) -> None:
        import torch

        self._decoder = model.base_model.model.model
        self._head = model.base_model.model.lm_head
        self._prompts = prompts
        self._first = first_layer
        self._layers = list(self._decoder.layers)
        self._lower: dict[str, Any] = {}
        kept = torch.tensor(sorted(set(tokens)))
        self._narrow_head = self._head.weight[kept].detach().clone()
        self._narrow_id = torch.full((self._head.weight.shape[0],), -1)
        self._narrow_id[kept] = torch.arange(len(kept))

    def __call__(self, rows: Sequence[Encoded], *, every_token: bool = False) -> tuple[Any, Any]:
        """Summed negative log-likelihood (nats) and number of tokens of each row's completion, shapes (rows,)."""
        import torch
        from torch.nn.functional import cross_entropy

        batch = self._tensors(rows)
        hidden = self._upper(batch, self._below(rows, batch))[batch.rows, batch.positions]
        if every_token:
            logits, targets = self._head(hidden), batch.targets
        else:
            logits, targets = hidden @ self._narrow_head.t(), self._narrow_id[batch.targets]
        losses = cross_entropy(logits.float(), targets, reduction="none")
        zeros = torch.zeros(len(rows))
        return zeros.index_add(0, batch.rows, losses), zeros.index_add(0, batch.rows, torch.ones_like(losses))

    def _tensors(self, rows: Sequence[Encoded]) -> _Batch:
        import torch

        longest = max(len(row.prompt) for row in rows)
        width = max(len(row.adapted) for row in rows)
        first = self._prompts[rows[0]]
        past = first.new_zeros(*first.shape[:2], len(rows), first.shape[2], longest, first.shape[4])
        ids, places = torch.zeros(2, len(rows), width, dtype=torch.long)
        mask = torch.zeros(len(rows), longest + width, dtype=torch.long)
        for i, row in enumerate(rows):
            start = longest - len(row.prompt)
            past[:, :, i, :, start:] = self._prompts[row]
            mask[i, start : longest + len(row.adapted)] = 1
            ids[i, : len(row.adapted)] = torch.tensor(row.adapted)
            places[i] = torch.arange(len(row.prompt), len(row.prompt) + width)
        where = [
            (i, len(row.invocation) + j - 1, token)
            for i, row in enumerate(rows)
            for j, token in enumerate(row.completion)
        ]
        return _Batch(ids, mask, places, past, *torch.tensor(where).t())

    def _below(self, rows: Sequence[Encoded], batch: _Batch) -> Any:
        """What the layers below the adapter make of the adapted tokens, from the kept ones when all are there."""
        import torch

        if any(row.id not in self._lower for row in rows):
            with torch.no_grad(), self._only(0, self._first, norm=False):
                fresh = self._run(batch, input_ids=batch.ids)
            for i, row in enumerate(rows):
                self._lower[row.id] = fresh[i, : len(row.adapted)].clone()
        hidden = torch.zeros(*batch.ids.shape, self._decoder.config.hidden_size, dtype=self._head.weight.dtype)
        for i, row in enumerate(rows):
            hidden[i, : len(row.adapted)] = self._lower[row.id]
        return hidden

    def _upper(self, batch: _Batch, hidden: Any) -> Any:
        with self._only(self._first, len(self._layers)):
            return self._run(batch, inputs_embeds=hidden)

    def _run(self, batch: _Batch, **inputs: Any) -> Any:
        from transformers.cache_utils import DynamicCache

        cache = DynamicCache([(layer[0], layer[1]) for layer in batch.past])
        return self._decoder(
            **inputs, attention_mask=batch.mask, position_ids=batch.places, past_key_values=cache, use_cache=True
        ).last_hidden_state

    @contextmanager
    def _only(self, first: int, last: int, *, norm: bool = True) -> Iterator[None]:
        """The decoder with some of its layers; each keeps its own place in the cache."""
        import torch

        decoder, config = self._decoder, self._decoder.config
        kept = decoder.layers, decoder.norm, config.layer_types, config.num_hidden_layers
        decoder.layers = torch.nn.ModuleList(self._layers[first:last])
        config.layer_types, config.num_hidden_layers = kept[2][first:last], last - first
        if not norm:
            decoder.norm = torch.nn.Identity()
        try:
            yield
        finally:
            decoder.layers, decoder.norm, config.layer_types, config.num_hidden_layers = kept
