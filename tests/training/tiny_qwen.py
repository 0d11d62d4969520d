"""A random Qwen2 of a few thousand parameters a layer, and rows that can be learnt: completions repeat prompts."""

from typing import Any

import numpy as np

from vaidya.training.examples import Encoded

VOCABULARY = 40
REPLY = (3, 4)  # the opening of a reply
END = 1


def tiny_model(layers: int = 3) -> Any:
    """Float32, the same weights each time."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.3,
    )
    return Qwen2ForCausalLM(config).eval()


def rows(count: int, seed: int = 0) -> list[Encoded]:
    """Prompts of 4 to 12 tokens; the completion is the prompt's first tokens."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        prompt = tuple(int(token) for token in rng.integers(5, 12, size=rng.integers(4, 13)))
        made.append(Encoded(f"{seed}-{number}", (*prompt, *REPLY), (*prompt[: int(rng.integers(1, 5))], END)))
    return made
