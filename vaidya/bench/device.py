"""A CUDA device's own limits, and what a torch model makes it read: measured and counted in the run that uses them."""

from collections.abc import Callable
from typing import Any

from vaidya.bench.gguf import ModelSize
from vaidya.bench.machine import Limits

_ARRAY_BYTES = 2**30  # each; far more than any second-level cache
_SIDE = 8192
_PASSES = 10


def device_limits(device: Any) -> Limits:
    """Memory read alone, a copy (bytes read and written), and a bfloat16 matrix product on random data; best of ten."""
    import torch

    with torch.no_grad():
        source = torch.randn(_ARRAY_BYTES // 4, device=device)
        target = torch.empty_like(source)
        read = _ARRAY_BYTES / _best_s(source.sum)
        copied = 2 * _ARRAY_BYTES / _best_s(lambda: target.copy_(source))
        a, b = (torch.randn(_SIDE, _SIDE, device=device, dtype=torch.bfloat16) for _ in range(2))
        product = 2 * _SIDE**3 / _best_s(lambda: a @ b)
    return Limits(read / 1e9, copied / 1e9, product / 1e9)


def _best_s(work: Callable[[], object]) -> float:
    import torch

    def once() -> float:
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        stop.record()
        torch.cuda.synchronize()
        return start.elapsed_time(stop) / 1e3

    once()
    return min(once() for _ in range(_PASSES))


def torch_size(model: Any) -> ModelSize:
    """What writing a token reads of a transformers model: its decoder and the map to the vocabulary.

    A table of embeddings of its own is not read whole, nor is a vision tower beside a text. Keys and values are counted
    for every layer and token, also where a sliding window would forget some.
    """
    config = model.config.get_text_config()
    head = model.get_output_embeddings().weight
    table = model.get_input_embeddings().weight
    read = {id(weight): weight for weight in (*model.get_decoder().parameters(), head)}
    if table is not head:
        read.pop(id(table), None)
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    values = config.num_hidden_layers * 2 * config.num_key_value_heads * width
    return ModelSize(
        weight_bytes=sum(weight.numel() * weight.element_size() for weight in read.values()),
        parameters=sum(weight.numel() for weight in read.values()),
        kv_bytes_per_token=values * 2,
    )
