"""What a GGUF file says about its weights: just enough to know how many bytes a token costs.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3). Only the header is read.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vaidya.errors import WeightsError

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_KEPT = ("block_count", "head_count_kv", "head_count", "embedding_length", "key_length", "value_length")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """A model's weights as decoding meets them.

    weight_bytes: read once for each token; the embedding table is in it only where it also makes the logits (tied).
    parameters: in those weights. kv_bytes_per_token: keys and values that one token of context adds at 16 bits.
    """

    weight_bytes: int
    parameters: int
    kv_bytes_per_token: int

    def bytes_per_token(self, context: float, cache_bytes: float = 2.0) -> float:
        """Bytes that writing one token reads with so many tokens of context; cache_bytes: of one cached value."""
        return self.weight_bytes + self.kv_bytes_per_token * context * cache_bytes / 2.0


def read_size(path: Path) -> ModelSize:
    """Sizes from the header of a GGUF file.

    Raises:
        WeightsError: it is not one.
    """
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise WeightsError(f"{path.name} is not a GGUF file: it does not begin with GGUF")
        _, tensors, pairs = struct.unpack("<IQQ", file.read(20))
        facts = dict(_pair(file) for _ in range(pairs))
        found = [_tensor(file) for _ in range(tensors)]
        start = file.tell()
    sizes = _bytes(found, path.stat().st_size - start)
    read = [name for name, *_ in found if name != "token_embd.weight" or not _has_output(found)]
    counts = {name: count for name, count, _ in found}
    return ModelSize(sum(sizes[name] for name in read), sum(counts[name] for name in read), _kv_bytes(facts))


def _has_output(found: list[tuple[str, int, int]]) -> bool:
    return any(name == "output.weight" for name, *_ in found)


def _bytes(found: list[tuple[str, int, int]], end: int) -> dict[str, int]:
    """Each tensor's bytes: up to where the next one begins, alignment (at most 31 bytes) included."""
    ordered = sorted(found, key=lambda row: row[2])
    edges = [offset for *_, offset in ordered] + [end]
    return {name: stop - start for (name, *_), start, stop in zip(ordered, edges[:-1], edges[1:], strict=True)}


def _kv_bytes(facts: dict[str, Any]) -> int:
    heads = facts.get("head_count_kv") or facts.get("head_count", 0)
    width = facts.get("embedding_length", 0) // max(facts.get("head_count", 1), 1)
    values = facts.get("key_length", width) + facts.get("value_length", width)
    return int(facts.get("block_count", 0) * heads * values * 2)


def _pair(file: BinaryIO) -> tuple[str, Any]:
    name = _string(file)
    value = _value(file, _scalar(file, "<I"))
    last = name.rpartition(".")[2]
    return (last, value) if last in _KEPT and isinstance(value, int) else (name, None)


def _tensor(file: BinaryIO) -> tuple[str, int, int]:
    """Name, number of parameters, offset."""
    name = _string(file)
    count = 1
    for _ in range(_scalar(file, "<I")):
        count *= _scalar(file, "<Q")
    _scalar(file, "<I")  # the quantisation's number: sizes come from offsets, so none has to be known here
    return name, count, _scalar(file, "<Q")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        inner, length = _scalar(file, "<I"), _scalar(file, "<Q")
        if inner in _SCALARS:
            file.seek(struct.calcsize(_SCALARS[inner]) * length, 1)
            return None
        for _ in range(length):
            _value(file, inner)
        return None
    return _scalar(file, _SCALARS[kind])


def _string(file: BinaryIO) -> str:
    return file.read(_scalar(file, "<Q")).decode("utf-8", errors="replace")


def _scalar(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]
