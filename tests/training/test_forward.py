"""The loss of a padded batch is that of each row by itself."""

from typing import Any

import pytest

from tests.training.tiny_qwen import rows, tiny_model
from vaidya.training.examples import Encoded

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[train]'")
pytest.importorskip("peft", reason="peft is not installed: pip install 'vaidya[train]'")


@pytest.fixture
def adapted() -> tuple[Any, Any]:
    """A model with a random adapter, and its loss."""
    from vaidya.training.base_model import attach_lora, trainable
    from vaidya.training.forward import CompletionLoss

    model = attach_lora(tiny_model(), rank=2, alpha=4)
    for parameter in trainable(model):
        torch.nn.init.normal_(parameter, std=0.2)
    return model, CompletionLoss(model)


def by_definition(model: Any, row: Encoded) -> Any:
    """One row at a time, every logit."""
    every = torch.tensor([*row.prompt, *row.completion])
    logits = model(every[None]).logits[0, len(row.prompt) - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(row.completion), reduction="sum")


def test_the_loss_is_that_of_each_row_alone(adapted: tuple[Any, Any]) -> None:
    model, loss = adapted
    with torch.no_grad():
        nats, tokens = loss(rows(6))
        expected = [float(by_definition(model, row)) for row in rows(6)]
    assert tokens.tolist() == [len(row.completion) for row in rows(6)]
    assert nats.tolist() == pytest.approx(expected, rel=1e-4)


def test_the_gradient_is_that_of_each_row_alone(adapted: tuple[Any, Any]) -> None:
    from vaidya.training.base_model import trainable

    model, loss = adapted
    loss(rows(6))[0].sum().backward()
    found = torch.cat([parameter.grad.flatten() for parameter in trainable(model)])
    model.zero_grad()
    torch.stack([by_definition(model, row) for row in rows(6)]).sum().backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in trainable(model)])
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-5)
