"""An exported adapter does in llama.cpp what it does in transformers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.llm.tiny import CONTEXT, HEAD_SIZE, write_tiny_gguf
from vaidya.errors import ArtifactError
from vaidya.training.gguf_adapter import gguf_name, write_adapter

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[train]'")
pytest.importorskip("peft", reason="peft is not installed: pip install 'vaidya[train]'")
pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'vaidya[llama-cpp]'")

PROMPT = [2, 260, 270, 281, 266, 300, 275, 290]  # <bos>, then letters of the tiny vocabulary


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("base") / "tiny-gemma3.gguf")


@pytest.fixture(scope="module")
def adapted(base: Path) -> Any:
    """The tiny model in transformers with a LoRA whose effect is plain to see."""
    from vaidya.training.base_model import attach_lora, load_gguf

    _, model = load_gguf(base, dtype="float32")
    for layer in model.model.layers:
        layer.self_attn.scaling = HEAD_SIZE**-0.5  # transformers assumes heads of 256, as every published Gemma 3 has
    lora = attach_lora(model, rank=4, alpha=8)
    torch.manual_seed(0)
    for name, parameter in lora.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return lora.eval()


def llama_logprobs(base: Path, adapter: Path | None, prompt: list[int]) -> dict[int, float]:
    """Log-probabilities of the first token after a prompt, for the likeliest tokens, from a server of its own."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.warmup = str(base), CONTEXT, 1, False
    params.hostnames, params.port, params.ui, params.verbosity = ["127.0.0.1"], 0, False, -1
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    server = xllamacpp.Server(params)
    server.handle_metrics()
    reply = server.handle_completions({"prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": 40})
    body = json.loads(reply) if isinstance(reply, str | bytes) else reply
    return {entry["id"]: entry["logprob"] for entry in body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]}


def assert_close(found: dict[int, float], logits: Any) -> None:
    expected = torch.log_softmax(logits.float(), dim=-1)
    assert len(found) >= 20
    assert found == pytest.approx({token: float(expected[token]) for token in found}, abs=0.02)


def test_the_same_probabilities_as_in_transformers(base: Path, adapted: Any, tmp_path: Path) -> None:
    from vaidya.training.base_model import lora_tensors

    path = write_adapter(tmp_path / "a.gguf", lora_tensors(adapted), architecture="gemma3", alpha=8)
    with torch.no_grad():
        logits = adapted(torch.tensor([PROMPT])).logits[0, -1]
        with adapted.disable_adapter():
            plain = adapted(torch.tensor([PROMPT])).logits[0, -1]
    assert (logits - plain).abs().max() > 0.5
    assert_close(llama_logprobs(base, path, PROMPT), logits)
    assert_close(llama_logprobs(base, None, PROMPT), plain)


def test_names_are_those_of_llama_cpp() -> None:
    prefix = "base_model.model.model.layers.11"
    assert gguf_name(f"{prefix}.self_attn.o_proj.lora_B.weight") == "blk.11.attn_output.weight.lora_b"
    assert gguf_name(f"{prefix}.mlp.gate_proj.lora_A.default.weight") == "blk.11.ffn_gate.weight.lora_a"


@pytest.mark.parametrize(
    "name", ["lm_head.weight", "model.layers.0.self_attn.q_proj.weight", "layers.0.mlp.up.lora_A.weight"]
)
def test_a_tensor_without_a_place_is_refused(name: str) -> None:
    with pytest.raises(ArtifactError, match="LoRA matrix"):
        gguf_name(name)


def test_an_architecture_with_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="'llama'"):
        write_adapter(tmp_path / "a.gguf", {}, architecture="llama", alpha=1)
