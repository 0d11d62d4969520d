"""A checkpoint of MedGemma 4B-it's shape with random weights, to measure speed where the gated weights are not here.

    python experiments/random_medgemma.py FOLDER
    vaidya bench model --profile g5 --set llm.weights=FOLDER --against "llm.options={}"

Its replies mean nothing. Shapes: the published config.json of google/gemma-3-4b-it, whose shape MedGemma 4B-it has. The
tokenizer is Gemma 3's own, from the 270 M model of the weights table; the chat template is a plain one of its turns.
"""

import argparse
import json
from pathlib import Path

from vaidya.weights import resolve

VOCABULARY = 262_208
TEMPLATE = (
    "<bos>{% for message in messages %}<start_of_turn>{{ 'model' if message.role == 'assistant' else 'user' }}\n"
    "{{ message.content }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 2560,
    "intermediate_size": 10_240,
    "num_hidden_layers": 34,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "sliding_window": 1024,
    "max_position_embeddings": 131_072,
    "eos_token_id": 1,
    "bos_token_id": 2,
    "pad_token_id": 0,
}
VISION = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 896,
    "patch_size": 14,
}


def write_tokenizer(folder: Path) -> None:
    """Gemma 3's tokenizer with a chat template."""
    from transformers import AutoTokenizer

    path = resolve("gemma-3-270m-q4").file(".gguf")
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)


def write_weights(folder: Path, device: str) -> None:
    """The model in bfloat16: 8.6 GB."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    torch.manual_seed(0)
    config = Gemma3Config(
        text_config=Gemma3TextConfig(**TEXT), vision_config=SiglipVisionConfig(**VISION), mm_tokens_per_image=256
    )
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = Gemma3ForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)


def main() -> None:
    """Write tokenizer and weights, or only one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cpu", help="where the random numbers are drawn; cuda is much faster")
    parser.add_argument("--only", choices=("tokenizer", "weights"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.only != "weights":
        write_tokenizer(given.folder)
    if given.only != "tokenizer":
        write_weights(given.folder, given.device)
    print(json.dumps({"folder": str(given.folder), "files": sorted(path.name for path in given.folder.iterdir())}))


if __name__ == "__main__":
    main()
