"""A random model of Gemma 3's architecture, small enough to be made in each test session, as a GGUF file.

It writes nonsense, one character a token, but everything around it is real: template, cache, grammar, server.
"""

from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, HEAD_SIZE, FEED_FORWARD, VOCABULARY = 64, 2, 4, 16, 128, 384
CONTEXT = 1024
WINDOW = 64  # of the sliding attention; the tests' prompts are longer
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
TEMPLATE = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set lead = messages[0].content + '\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set lead = '' %}{% set turns = messages %}{% endif %}"
    "{% for turn in turns %}{{ '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\n' }}"
    "{{ lead if loop.first else '' }}{{ turn.content + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6  # llama.cpp's token types


def vocabulary() -> tuple[list[str], list[int]]:
    """SentencePiece tokens and their types: control tokens, 256 bytes, letters with and without a space before."""
    control = ["<pad>", "<eos>", "<bos>"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = ["▁", *ALPHABET, *(f"▁{letter}" for letter in ALPHABET)]
    turns = ["<start_of_turn>", "<end_of_turn>"]
    tokens = [*control, "<unk>", *raw, *letters, *turns]
    types = [CONTROL] * 3 + [UNKNOWN] + [BYTE] * 256 + [NORMAL] * len(letters) + [CONTROL] * 2
    padding = VOCABULARY - len(tokens)
    return [*tokens, *(f"<unused{i}>" for i in range(padding))], types + [UNUSED] * padding


def write_tiny_gguf(path: Path) -> Path:
    """The model file, half a megabyte, the same bytes each time."""
    import gguf

    writer = gguf.GGUFWriter(str(path), "gemma3")
    writer.add_name("tiny-gemma3")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(WINDOW)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    tokens, types = vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(rank) for rank in range(VOCABULARY)])
    writer.add_token_types(types)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
    for name, tensor in _tensors().items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def random(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.05).astype(np.float32)

    def ones(size: int) -> np.ndarray:
        return np.ones(size, dtype=np.float32)

    found = {"token_embd.weight": random(VOCABULARY, HIDDEN), "output_norm.weight": ones(HIDDEN)}
    for layer in range(LAYERS):
        parts = {
            **{name: ones(HIDDEN) for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")},
            **{name: ones(HEAD_SIZE) for name in ("attn_q_norm", "attn_k_norm")},
            "attn_q": random(HEADS * HEAD_SIZE, HIDDEN),
            "attn_k": random(HEAD_SIZE, HIDDEN),
            "attn_v": random(HEAD_SIZE, HIDDEN),
            "attn_output": random(HIDDEN, HEADS * HEAD_SIZE),
            "ffn_gate": random(FEED_FORWARD, HIDDEN),
            "ffn_up": random(FEED_FORWARD, HIDDEN),
            "ffn_down": random(HIDDEN, FEED_FORWARD),
        }
        found |= {f"blk.{layer}.{name}.weight": tensor for name, tensor in parts.items()}
    return found


def write_tiny_lora(path: Path, scale: float) -> Path:
    """A LoRA adapter for the tiny model, rank 2, on the feed-forward's way down."""
    import gguf

    writer = gguf.GGUFWriter(str(path), "gemma3")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 2.0)
    rng = np.random.default_rng(1)
    for layer in range(LAYERS):
        name = f"blk.{layer}.ffn_down.weight"
        writer.add_tensor(f"{name}.lora_a", (rng.standard_normal((2, FEED_FORWARD)) * scale).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", (rng.standard_normal((HIDDEN, 2)) * scale).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
