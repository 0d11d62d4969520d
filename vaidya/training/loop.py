"""The training loop: resumable, with early stopping, made for a CPU that others use too."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.training.base_model import attach_lora, load_gguf, lora_tensors, set_lora_tensors, trainable
from vaidya.training.batches import batches, lanes
from vaidya.training.checkpoint import Progress, RunFolder, Validation
from vaidya.training.examples import Encoded, encode, shorter_than, training_examples
from vaidya.training.forward import CompletionLoss
from vaidya.training.prompts import PromptStore
from vaidya.training.settings import TrainingConfig, learning_rate
from vaidya.weights import resolve


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run trains on, and what it stops by."""

    train: list[Encoded]
    valid: list[Encoded]

    @property
    def tokens(self) -> set[int]:
        """Every token that the training rows use."""
        return {token for row in self.train for token in (*row.prompt, *row.completion)}


def train(config: TrainingConfig, folder: Path) -> RunFolder:
    """Train an adapter, or go on where an interrupted call stopped.

    Raises:
        DataError: the training set is not on this machine.
        WeightsError: the model is not to be had.
        ConfigError: the folder holds a run with other settings.
    """
    import torch

    run = RunFolder(folder, config)
    torch.set_num_threads(config.threads or torch.get_num_threads())
    torch.manual_seed(config.seed)
    tokenizer, base = load_gguf(resolve(config.weights).file(".gguf"))
    rows = select(config, *[[encode(tokenizer, row) for row in part] for part in training_examples()])
    prompts = PromptStore(folder / "prompts")
    prompts.fill(base, [*rows.valid, *rows.train])
    model = attach_lora(base, rank=config.rank, alpha=config.alpha, first_layer=config.first_layer)
    loss = CompletionLoss(model, prompts, config.first_layer, sorted(rows.tokens))
    Trainer(config, run, rows, model, loss).run()
    return run


def select(config: TrainingConfig, train_rows: Sequence[Encoded], valid_rows: Sequence[Encoded]) -> Rows:
    """The training rows with prompts that are short enough, or a random share of them; every validation row."""
    kept = shorter_than(train_rows, config.prompt_tokens)
    if config.fraction < 1:
        rng = np.random.default_rng(config.seed)
        picks = rng.choice(len(kept), size=max(1, round(config.fraction * len(kept))), replace=False)
        kept = [kept[i] for i in sorted(picks)]
    return Rows(kept, list(valid_rows))


class Trainer:
    """One run's state."""

    def __init__(self, config: TrainingConfig, run: RunFolder, rows: Rows, model: Any, loss: CompletionLoss) -> None:
        import torch

        self.config, self.run_folder, self.rows, self.model, self.loss = config, run, rows, model, loss
        self.lanes = lanes(rows.train, config.lanes)
        self.per_epoch = max(len(batches(lane, config.token_budget)) for lane in self.lanes)
        self.total = config.steps or max(1, round(self.per_epoch * config.epochs))
        self.optimiser = torch.optim.AdamW(trainable(model), betas=(0.9, 0.99), weight_decay=0.0)
        weights = sum(len(row.completion) ** config.length_power for row in rows.train)
        self.step_weight = weights / self.per_epoch
        self.progress = Progress()
        if (stored := run.load()) is not None:
            tensors, optimiser, self.progress = stored
            set_lora_tensors(model, tensors)
            self.optimiser.load_state_dict(optimiser)

    def run(self) -> None:
        """Every step that is left, with progress; stops early when validation no longer improves."""
        from tqdm import tqdm

        saved = time.monotonic()
        every = max(1, self.per_epoch // self.config.evaluations)
        if self.progress.best is None:
            self._evaluate()
        with tqdm(total=self.total, initial=self.progress.step, desc="training", unit="step") as bar:
            for step_batches in self._steps():
                bar.set_postfix(loss=f"{self._step(step_batches):.3f}")
                bar.update()
                if self.progress.step % every == 0 or self.progress.step == self.total:
                    self._evaluate()
                    if self.progress.stale >= self.config.patience:
                        break
                if time.monotonic() - saved > self.config.checkpoint_s:
                    self._save()
                    saved = time.monotonic()
        self._save()

    def _steps(self) -> Iterator[list[list[Encoded]]]:
        """The batches of each step, one of each lane; the same after a resumption as without one."""
        while self.progress.step < self.total:
            epoch, start = divmod(self.progress.step, self.per_epoch)
            dealt = [
                batches(lane, self.config.token_budget, np.random.default_rng([self.config.seed, epoch, number]))
                for number, lane in enumerate(self.lanes)
            ]
            for index in range(start, min(self.per_epoch, start + self.total - self.progress.step)):
                yield [lane[index % len(lane)] for lane in dealt]

    def _step(self, step_batches: Sequence[Sequence[Encoded]]) -> float:
        """One optimiser step; the training loss by token."""
        import torch

        parameters = trainable(self.model)
        rate = learning_rate(self.progress.step, self.total, self.config)
        summed = counted = 0.0
        for rows in step_batches:
            nats, tokens = self.loss(rows)
            weighted = (nats * tokens ** (self.config.length_power - 1)).sum() / self.step_weight
            weighted.backward()
            summed, counted = summed + float(nats.detach().sum()), counted + float(tokens.sum())
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.config.gradient_norm)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.run_folder.log(step=self.progress.step, loss=summed / counted, rate=rate, gradient_norm=float(norm))
        return summed / counted

    def _evaluate(self) -> None:
        found = self.validate()
        self.run_folder.log(step=found.step, validation_by_token=found.by_token, validation_by_row=found.by_row)
        if self.progress.best is None or found.by_row < self.progress.best.by_row:
            self.progress.best, self.progress.stale = found, 0
            self.run_folder.save_best(lora_tensors(self.model))
        else:
            self.progress.stale += 1

    def validate(self) -> Validation:
        """The loss on the validation rows, over the whole vocabulary."""
        import torch

        nats, tokens = [], []
        with torch.no_grad():
            for rows in batches(self.rows.valid, 2 * self.config.token_budget):
                summed, counted = self.loss(rows, every_token=True)
                nats.append(summed)
                tokens.append(counted)
        every_nat, every_token = torch.cat(nats), torch.cat(tokens)
        by_token = float(every_nat.sum() / every_token.sum())
        return Validation(self.progress.step, by_token, float((every_nat / every_token).mean()))

    def _save(self) -> None:
        self.run_folder.save(lora_tensors(self.model), self.optimiser, self.progress)
