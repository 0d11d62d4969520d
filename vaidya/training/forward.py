"""One batch -> the negative log-likelihood of each row's completion, over the whole vocabulary.

Only the places of the completions pass through the map to the vocabulary: 150,000 logits for every token of the prompts
would take more memory than the model.
"""

from collections.abc import Sequence
from typing import Any

from vaidya.training.examples import Encoded


class CompletionLoss:
    """The loss of a model with an adapter, on the device where the model lies."""

    def __init__(self, model: Any) -> None:
        self._decoder = model.base_model.model.model
        self._head = model.base_model.model.lm_head

    def __call__(self, rows: Sequence[Encoded]) -> tuple[Any, Any]:
        """Summed negative log-likelihood (nats) and number of tokens of each row's completion, shapes (rows,)."""
        import torch
        from torch.nn.functional import cross_entropy

        device = self._head.weight.device
        width = max(len(row.read) for row in rows)
        ids, mask = torch.zeros(2, len(rows), width, dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row.read)] = torch.tensor(row.read)
            mask[i, : len(row.read)] = 1
        where = torch.tensor(
            [
                (i, len(row.prompt) + j - 1, token)
                for i, row in enumerate(rows)
                for j, token in enumerate(row.completion)
            ]
        )
        at, places, targets = where.to(device).t()
        hidden = self._decoder(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False)
        logits = self._head(hidden.last_hidden_state[at, places])
        losses = cross_entropy(logits.float(), targets, reduction="none")
        zeros = torch.zeros(len(rows), device=device)
        return zeros.index_add(0, at, losses), zeros.index_add(0, at, torch.ones_like(losses))
