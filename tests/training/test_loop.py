"""A run learns, and one that was cut off ends where an uninterrupted one does."""

from pathlib import Path

import pytest

from tests.training.tiny_qwen import rows, tiny_model
from vaidya.errors import ConfigError, TrainingError
from vaidya.training.settings import TrainingConfig

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'vaidya[train]'")
pytest.importorskip("peft", reason="peft is not installed: pip install 'vaidya[train]'")

SETTINGS = {"rank": 4, "alpha": 8, "token_budget": 48, "epochs": 4.0, "learning_rate": 2e-2}


def trainer(folder: Path, **changes: object):
    """A run over the tiny model, from its last checkpoint when it has one."""
    from vaidya.training.base_model import attach_lora
    from vaidya.training.checkpoint import RunFolder
    from vaidya.training.loop import Trainer, select

    config = TrainingConfig(**{**SETTINGS, **changes})
    chosen = select(config, rows(24), rows(6, seed=1))
    torch.manual_seed(config.seed)
    model = attach_lora(tiny_model(), rank=config.rank, alpha=config.alpha, dropout=config.dropout)
    return Trainer(config, RunFolder(folder, config), chosen, model)


def test_the_validation_loss_falls(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    run.run()
    losses = [line["validation_by_row"] for line in run.run_folder.history() if "validation_by_row" in line]
    assert run.progress.best is not None
    assert run.progress.best.by_row < 0.8 * losses[0]
    assert run.run_folder.best.exists()


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    from vaidya.training.base_model import lora_tensors

    whole = trainer(tmp_path / "whole")
    whole.run()

    class CutOff(Exception):  # noqa: N818
        pass

    cut = trainer(tmp_path / "cut", checkpoint_s=1e-6)
    step, total = cut._step, cut.total

    def until_half(batches: object) -> float:
        if cut.progress.step == total // 2:
            raise CutOff
        return step(batches)

    cut._step = until_half
    with pytest.raises(CutOff):
        cut.run()
    resumed = trainer(tmp_path / "cut")
    assert resumed.progress.step == total // 2
    resumed.run()
    expected = lora_tensors(whole.model)
    for name, tensor in lora_tensors(resumed.model).items():
        assert torch.allclose(tensor, expected[name], atol=1e-5), name


def test_a_run_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    run = trainer(tmp_path, learning_rate=1e-9, epochs=50.0, patience=2)
    run.progress.best = run.validate()
    run.progress.best = type(run.progress.best)(0, 0.0, 0.0)
    run.run()
    assert run.progress.step == 2 * (run.per_epoch // 2)


def test_another_run_s_folder_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, steps=1).run()
    with pytest.raises(ConfigError, match="other settings"):
        trainer(tmp_path, rank=2)
    assert trainer(tmp_path, steps=3).progress.step == 1


def test_the_last_adapter_is_kept_or_the_best_where_there_is_patience(tmp_path: Path) -> None:
    last, best = trainer(tmp_path / "last"), trainer(tmp_path / "best", patience=1)
    assert last.run_folder.kept(last.config) is None
    for run in (last, best):
        run.run()
    state = torch.load(last.run_folder.state)["adapter"]
    assert all(torch.equal(tensor, state[name]) for name, tensor in last.run_folder.kept(last.config).items())
    found = torch.load(best.run_folder.best)
    assert all(torch.equal(tensor, found[name]) for name, tensor in best.run_folder.kept(best.config).items())


def test_a_gradient_that_is_no_number_changes_nothing_and_many_are_an_error(tmp_path: Path) -> None:
    from vaidya.training.base_model import lora_tensors

    run = trainer(tmp_path, epochs=50.0)
    before, loss = lora_tensors(run.model), run.loss
    run.loss = lambda batch: tuple(part * float("nan") if i == 0 else part for i, part in enumerate(loss(batch)))
    with pytest.raises(TrainingError, match="11 steps in a row"):
        run.run()
    assert all(torch.equal(tensor, before[name]) for name, tensor in lora_tensors(run.model).items())
