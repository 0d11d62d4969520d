"""The language model alone: counted as transformers counts it, timed in turn with another setting."""

import json

import pytest
from typer.testing import CliRunner

from vaidya.cli.bench import app

pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[transformers]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'vaidya[transformers]'")

from tests.llm.tiny_checkpoint import write_image_text_checkpoint
from vaidya.bench.device import torch_size


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_image_text_checkpoint(tmp_path_factory.mktemp("checkpoint") / "medgemma", context=32_768)


def test_a_token_reads_the_decoder_and_no_vision_tower(weights):
    import torch
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(weights, dtype=torch.bfloat16)
    size = torch_size(model)
    named = dict(model.named_parameters())
    text = sum(weight.numel() for name, weight in named.items() if "language_model" in name)
    assert any("vision_tower" in name for name in named)
    assert size.parameters == text  # its table of embeddings also makes the logits
    assert size.weight_bytes == 2 * text
    config = model.config.text_config
    cache = model(torch.tensor([[5, 6, 7]]), use_cache=True).past_key_values
    held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
    assert size.kv_bytes_per_token * 3 == held
    assert len(cache.layers) == config.num_hidden_layers


def test_a_table_of_its_own_is_not_read_for_each_token():
    from transformers import Qwen2Config, Qwen2ForCausalLM

    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=40, tie_word_embeddings=False, num_key_value_heads=2, **sizes))
    assert torch_size(model).parameters == sum(weight.numel() for weight in model.parameters()) - 40 * 32


@pytest.mark.slow
def test_two_settings_in_turn_write_the_same(weights):
    here = [f"llm.weights={weights}", "llm.device=cpu", "llm.dtype=float32"]
    flags = [flag for setting in here for flag in ("--set", setting)]
    command = ["model", "--profile", "g5", *flags, "--against", "llm.options={}", "--repeat", "2", "--json"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout.splitlines()[-1])
    rows = {(row["arm"], row["metric"]): row for row in report["rows"]}
    assert rows["vaidya", "same_text"]["value"] == 1.0
    for arm in ("vaidya", "against"):
        assert rows[arm, "tokens_out"]["value"] == 128
        assert rows[arm, "tokens_cached"]["value"] > 0.5 * rows[arm, "tokens_in"]["value"]
        assert 0 < rows[arm, "decode_share_of_limit"]["value"] < 1
    assert rows["vaidya", "decode_ratio"]["n"] == 2
