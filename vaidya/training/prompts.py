"""What the model without its adapter makes of a prompt: keys and values, computed once and kept on disk.

The adapter is active only from the invocation on (Greenewald et al., "Activated LoRA", 2025), so a prompt's keys and
values never change during training. Two thirds of all tokens are prompt; each epoch is spared them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaidya.training.examples import Encoded

_BATCH_TOKENS = 3072
_SHARD_BYTES = 200_000_000


class PromptStore:
    """Keys and values by row id: bfloat16, shape (layers, 2, key-value heads, prompt tokens, head size)."""

    def __init__(self, folder: Path) -> None:
        import torch

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._found: dict[str, Any] = {}
        for path in sorted(folder.glob("*.pt")):
            self._found |= torch.load(path, mmap=True)

    def __getitem__(self, row: Encoded) -> Any:
        return self._found[row.id]

    def missing(self, rows: Sequence[Encoded]) -> list[Encoded]:
        """Rows whose prompt has not been read yet, longest first."""
        return sorted((row for row in rows if row.id not in self._found), key=lambda row: -len(row.prompt))

    def fill(self, model: Any, rows: Sequence[Encoded]) -> None:
        """Read the prompts that are missing, with progress; an interrupted call continues from its last shard."""
        from tqdm import tqdm

        missing = self.missing(rows)
        shard: dict[str, Any] = {}
        with tqdm(total=sum(len(row.prompt) for row in missing), desc="prompts", unit="token") as bar:
            while missing:
                count = max(1, _BATCH_TOKENS // len(missing[0].prompt))
                batch, missing = missing[:count], missing[count:]
                shard |= dict(zip([row.id for row in batch], read_prompts(model, batch), strict=True))
                bar.update(sum(len(row.prompt) for row in batch))
                if not missing or sum(tensor.nbytes for tensor in shard.values()) > _SHARD_BYTES:
                    self._save(shard)
                    shard = {}

    def _save(self, shard: dict[str, Any]) -> None:
        import torch

        path = self.folder / f"{len(list(self.folder.glob('*.pt'))):03d}.pt"
        torch.save(shard, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)
        self._found |= torch.load(path, mmap=True)


def read_prompts(model: Any, rows: Sequence[Encoded]) -> list[Any]:
    """Keys and values of each row's prompt, by the model as it is; shorter prompts are padded on the right."""
    import torch

    ids = torch.zeros(len(rows), max(len(row.prompt) for row in rows), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row.prompt)] = torch.tensor(row.prompt)
    with torch.inference_mode():
        cache = model.model(input_ids=ids, use_cache=True).past_key_values
    stacked = torch.stack([torch.stack([layer.keys, layer.values]) for layer in cache.layers]).bfloat16()
    return [stacked[:, :, i, :, : len(row.prompt)].clone() for i, row in enumerate(rows)]
