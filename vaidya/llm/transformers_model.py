"""A checkpoint or a GGUF file -> a transformers model and its tokenizer, on the right device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, WeightsError
from vaidya.weights import ResolvedWeights

# Chat models end a turn with one of these, and their configuration does not always say so.
_TURN_ENDS = ("<end_of_turn>", "<|im_end|>", "<|eot_id|>", "<|end|>")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to generate.

    ends: ids of the tokens that end a reply. context: most tokens of a request and its reply together. vocabulary:
    number of logits or of tokens, whichever is greater.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    ends: tuple[int, ...]
    context: int
    vocabulary: int


def pick_device(wanted: str) -> str:
    """The device of a configuration; "auto" takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigError: it is asked for and not there.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, found in here.items() if found)
    if not here[wanted]:
        raise ConfigError(f"`llm.device` is {wanted}, which this machine or this torch does not have; use auto or cpu")
    return wanted


def load(config: LlmConfig, weights: ResolvedWeights, adapter: ResolvedWeights | None) -> Loaded:
    """The model of a configuration.

    Raises:
        WeightsError: the files are no model that transformers knows, or the adapter does not fit it.
        ConfigError: the device is not there, or the model has no chat template.
    """
    device = pick_device(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    source = _source(weights)
    disable_progress_bar()
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(**source)
        model = _model_class(source).from_pretrained(**source, dtype=config.dtype).to(device).eval()
        if adapter is not None:
            model = _adapted(model, adapter.folder)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise WeightsError(
            f"transformers cannot load {weights.name!r} ({type(error).__name__}): needed a checkpoint folder with "
            "config.json and tokenizer, or one .gguf file of a known architecture"
        ) from error
    if tokenizer.chat_template is None:
        raise ConfigError(
            f"{weights.name!r} has no chat template: it is a base model; use its instruction-tuned version"
        )
    return Loaded(model, tokenizer, _ends(model, tokenizer), _context(model, config), _vocabulary(model, tokenizer))


def _source(weights: ResolvedWeights) -> dict[str, Any]:
    """What `from_pretrained` is told. Nothing is fetched: `weights` has already checked every byte."""
    found: dict[str, Any] = {"pretrained_model_name_or_path": str(weights.folder), "local_files_only": True}
    if any(name.endswith(".gguf") for name in weights.files):
        found["gguf_file"] = weights.file(".gguf").name
    return found


def _model_class(source: dict[str, Any]) -> Any:
    """MedGemma 4B takes images beside text; asked with text alone it needs no image processor, only its tokenizer."""
    config = AutoConfig.from_pretrained(**source)
    return AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM


def _adapted(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    from peft import PeftModel

    # Merged, an adapter costs nothing at each token.
    return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> tuple[int, ...]:
    told = model.generation_config.eos_token_id if model.generation_config else None
    ids = set(told if isinstance(told, list) else [told]) | {tokenizer.eos_token_id}
    known = tokenizer.get_vocab()
    ids |= {known.get(token) for token in _TURN_ENDS}
    return tuple(sorted(id_ for id_ in ids if id_ is not None))


def _text_config(model: PreTrainedModel) -> Any:
    return model.config.get_text_config()


def _context(model: PreTrainedModel, config: LlmConfig) -> int:
    return min(config.context_tokens, getattr(_text_config(model), "max_position_embeddings", config.context_tokens))


def _vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    logits = int(model.get_output_embeddings().weight.shape[0])
    return max(logits, len(tokenizer))  # a tokenizer may know a token that the model cannot write
