"""Random Gemma 3 checkpoints as `save_pretrained` writes them: text alone, and MedGemma's image-text form."""

from pathlib import Path
from typing import Any

from tests.llm.tiny import (
    CONTEXT,
    FEED_FORWARD,
    HEAD_SIZE,
    HEADS,
    HIDDEN,
    LAYERS,
    TEMPLATE,
    VOCABULARY,
    WINDOW,
    vocabulary,
)

NO_SYSTEM_TEMPLATE = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + TEMPLATE
)


def tokenizer(template: str | None = TEMPLATE) -> Any:
    """SentencePiece's manner of writing (spaces as ▁, unknown characters as bytes), without merges."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    tokens, _ = vocabulary()
    ids = {token: i for i, token in enumerate(tokens)}
    raw = Tokenizer(models.BPE(vocab=ids, merges=[], byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    raw.normalizer = normalizers.Replace(" ", "▁")
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    raw.add_special_tokens(["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"])
    names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=raw, chat_template=template, **names)


def text_config(context: int = CONTEXT) -> Any:
    """Two layers, one of them with a sliding window shorter than the test's prompts."""
    from transformers import Gemma3TextConfig

    return Gemma3TextConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=1,
        head_dim=HEAD_SIZE,
        sliding_window=WINDOW,
        layer_types=["sliding_attention", "full_attention"],
        max_position_embeddings=context,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )


def write_text_checkpoint(folder: Path, template: str | None = TEMPLATE) -> Path:
    """A causal language model."""
    import torch
    from transformers import Gemma3ForCausalLM

    torch.manual_seed(0)
    Gemma3ForCausalLM(text_config()).save_pretrained(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def write_image_text_checkpoint(folder: Path, context: int = CONTEXT) -> Path:
    """The same beside a vision tower, as MedGemma 4B-it is."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, SiglipVisionConfig

    torch.manual_seed(0)
    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = Gemma3Config(
        text_config=text_config(context),
        vision_config=vision,
        mm_tokens_per_image=4,
        boi_token_index=VOCABULARY - 1,
        eoi_token_index=VOCABULARY - 2,
        image_token_index=VOCABULARY - 3,
    )
    Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder
