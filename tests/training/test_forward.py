"""The loss by stored prompts and kept lower layers is the loss that the whole model has."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny_qwen import VOCABULARY, rows, tiny_model
from vaidya.training.examples import Encoded

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[train]'")
pytest.importorskip("peft", reason="peft is not installed: pip install 'vaidya[train]'")

FIRST_LAYER = 1


@pytest.fixture
def adapted(tmp_path: Path) -> tuple[Any, Any]:
    """A model with a random adapter from the second layer on, and its loss over the whole vocabulary."""
    from vaidya.training.base_model import attach_lora
    from vaidya.training.forward import CompletionLoss
    from vaidya.training.prompts import PromptStore

    base = tiny_model()
    prompts = PromptStore(tmp_path)
    prompts.fill(base, rows(6))
    model = attach_lora(base, rank=2, alpha=4, first_layer=FIRST_LAYER)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return model, CompletionLoss(model, prompts, FIRST_LAYER, range(VOCABULARY))


def by_definition(model: Any, row: Encoded) -> Any:
    """The prompt read without the adapter, the rest with it, one row at a time, nothing kept."""
    with model.disable_adapter(), torch.no_grad():
        past = model(torch.tensor([row.prompt]), use_cache=True).past_key_values
    logits = model(torch.tensor([row.adapted]), past_key_values=past).logits[0, len(row.invocation) - 1 :]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(row.completion), reduction="sum")


def test_the_loss_is_that_of_the_whole_model(adapted: tuple[Any, Any]) -> None:
    model, loss = adapted
    with torch.no_grad():
        nats, tokens = loss(rows(6))
        expected = [float(by_definition(model, row)) for row in rows(6)]
    assert tokens.tolist() == [len(row.completion) for row in rows(6)]
    # Stored keys and values are rounded to bfloat16.
    assert nats.tolist() == pytest.approx(expected, rel=0.02)


def test_the_gradient_is_that_of_the_whole_model(adapted: tuple[Any, Any]) -> None:
    from vaidya.training.base_model import trainable

    model, loss = adapted
    loss(rows(6))[0].sum().backward()
    found = torch.cat([parameter.grad.flatten() for parameter in trainable(model)])
    model.zero_grad()
    torch.stack([by_definition(model, row) for row in rows(6)]).sum().backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in trainable(model)])
    assert torch.nn.functional.cosine_similarity(found, expected, dim=0) > 0.999


def test_a_narrow_head_gives_less_loss_than_the_whole_and_the_same_order(
    tmp_path: Path, adapted: tuple[Any, Any]
) -> None:
    from vaidya.training.forward import CompletionLoss
    from vaidya.training.prompts import PromptStore

    model, whole = adapted
    prompts = PromptStore(tmp_path)
    used = sorted({token for row in rows(6) for token in row.completion})
    with torch.no_grad():
        narrow, _ = CompletionLoss(model, prompts, FIRST_LAYER, used)(rows(6))
        full, _ = whole(rows(6))
    assert (narrow < full).all()


def test_the_model_is_whole_again_after_a_loss(adapted: tuple[Any, Any]) -> None:
    model, loss = adapted
    loss(rows(2))
    assert len(model.base_model.model.model.layers) == 3
    assert model.config.num_hidden_layers == 3


def test_a_prompt_is_read_once(tmp_path: Path) -> None:
    from vaidya.training.prompts import PromptStore

    base = tiny_model()
    PromptStore(tmp_path).fill(base, rows(3))
    again = PromptStore(tmp_path)
    assert [row.id for row in again.missing(rows(5))] != []
    assert {row.id for row in again.missing(rows(5))} == {"0-3", "0-4"}
    layers, pair, heads, length, _ = again[rows(3)[0]].shape
    assert (layers, pair, heads, length) == (3, 2, 2, len(rows(3)[0].prompt))
