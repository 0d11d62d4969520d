"""A LoRA as peft names it -> an adapter file that llama.cpp loads over the quantised model.

llama.cpp multiplies each pair by alpha / rank, so the matrices are written as they are.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaidya.errors import ArtifactError

# transformers' names -> GGUF's. Qwen2 and Gemma 3 keep the order of rows in both; Llama permutes queries and keys.
TENSORS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
ARCHITECTURES = ("qwen2", "gemma3")
_NAME = re.compile(r"layers\.(?P<layer>\d+)\.(?P<part>\w+\.\w+)\.lora_(?P<half>[AB])(\.\w+)?\.weight$")


def write_adapter(
    path: Path,
    tensors: Mapping[str, Any],
    *,
    architecture: str,
    alpha: float,
    about: Mapping[str, str] | None = None,
) -> Path:
    """Write an adapter in float16.

    tensors: peft's state, torch tensors by name. about: `general.…` fields, such as name and licence.

    Raises:
        ArtifactError: an architecture whose layout differs, or a tensor that llama.cpp has no name for.
    """
    import gguf

    if architecture not in ARCHITECTURES:
        raise ArtifactError(f"adapters are written for {', '.join(ARCHITECTURES)}; this model is {architecture!r}")
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    for key, value in (about or {}).items():
        writer.add_string(f"general.{key}", value)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, tensor in tensors.items():
        writer.add_tensor(gguf_name(name), tensor.half().cpu().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def gguf_name(name: str) -> str:
    """The name of a LoRA matrix in a GGUF file.

    >>> gguf_name("base_model.model.model.layers.3.mlp.up_proj.lora_A.weight")
    'blk.3.ffn_up.weight.lora_a'

    Raises:
        ArtifactError: it is none that llama.cpp knows.
    """
    found = _NAME.search(name)
    if found is None or found["part"] not in TENSORS:
        raise ArtifactError(f"{name!r} is no LoRA matrix of a decoder layer")
    return f"blk.{found['layer']}.{TENSORS[found['part']]}.weight.lora_{found['half'].lower()}"
