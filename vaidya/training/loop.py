"""The training loop: resumable, on a CUDA GPU (minutes) or a CPU (hours)."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.errors import TrainingError
from vaidya.llm.transformers_model import pick_device
from vaidya.training.base_model import attach_lora, load_gguf, lora_tensors, set_lora_tensors, trainable
from vaidya.training.batches import batches
from vaidya.training.checkpoint import Progress, RunFolder, Validation
from vaidya.training.examples import Encoded, encode, shorter_than, training_examples
from vaidya.training.forward import CompletionLoss
from vaidya.training.settings import TrainingConfig, learning_rate
from vaidya.weights import resolve

LEFT_OUT_MAX = 10  # steps in a row without a finite gradient, after which nothing more is learnt


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run trains on, and what its curve is drawn by."""

    train: list[Encoded]
    valid: list[Encoded]


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
    base.to(on_device(config.device))
    rows = select(config, *[[encode(tokenizer, row) for row in part] for part in training_examples()])
    model = attach_lora(base, rank=config.rank, alpha=config.alpha, dropout=config.dropout)
    Trainer(config, run, rows, model).run()
    return run


def on_device(wanted: str) -> str:
    """The device to train on; on CUDA without cuDNN's attention.

    Its gradients were no numbers for one batch of padded rows in seventy (H200, torch 2.11); without it none were.
    """
    import torch

    device = pick_device(wanted)
    if device == "cuda":
        torch.backends.cuda.enable_cudnn_sdp(False)
    return device


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

    def __init__(self, config: TrainingConfig, run: RunFolder, rows: Rows, model: Any) -> None:
        import torch

        self.config, self.run_folder, self.rows, self.model = config, run, rows, model
        self.loss = CompletionLoss(model)
        self.per_epoch = len(batches(rows.train, config.token_budget))
        self.total = config.steps or max(1, round(self.per_epoch * config.epochs))
        self.optimiser = torch.optim.AdamW(trainable(model), betas=(0.9, 0.99), weight_decay=0.0)
        weights = sum(len(row.completion) ** config.length_power for row in rows.train)
        self.step_weight = weights / self.per_epoch
        self.left_out = 0
        self.progress = Progress()
        if (stored := run.load()) is not None:
            tensors, optimiser, self.progress = stored
            set_lora_tensors(model, tensors)
            self.optimiser.load_state_dict(optimiser)

    def run(self) -> None:
        """Every step that is left, with progress; with a patience, stops when validation no longer improves.

        Raises:
            TrainingError: the gradient is no number, again and again.
        """
        from tqdm import tqdm

        saved = time.monotonic()
        every = max(1, self.per_epoch // self.config.evaluations)
        if self.progress.best is None:
            self._evaluate()
        with tqdm(total=self.total, initial=self.progress.step, desc="training", unit="step") as bar:
            for batch in self._steps():
                bar.set_postfix(loss=f"{self._step(batch):.3f}")
                bar.update()
                if self.progress.step % every == 0 or self.progress.step == self.total:
                    self._evaluate()
                    if self.config.patience is not None and self.progress.stale >= self.config.patience:
                        break
                if time.monotonic() - saved > self.config.checkpoint_s:
                    self._save()
                    saved = time.monotonic()
        self._save()

    def _steps(self) -> Iterator[list[Encoded]]:
        """The batch of each step; the same after a resumption as without one."""
        while self.progress.step < self.total:
            epoch, start = divmod(self.progress.step, self.per_epoch)
            rng = np.random.default_rng([self.config.seed, epoch])
            dealt = batches(self.rows.train, self.config.token_budget, rng)
            # Jitter may make a batch more or less than in the epoch that was counted.
            for index in range(start, min(self.per_epoch, start + self.total - self.progress.step)):
                yield dealt[index % len(dealt)]

    def _step(self, rows: Sequence[Encoded]) -> float:
        """One optimiser step; the training loss by token."""
        import torch

        torch.manual_seed(self.config.seed + self.progress.step)  # dropout, the same after a resumption
        self.model.train()
        rate = learning_rate(self.progress.step, self.total, self.config)
        nats, tokens = self.loss(rows)
        ((nats * tokens ** (self.config.length_power - 1)).sum() / self.step_weight).backward()
        norm = torch.nn.utils.clip_grad_norm_(trainable(self.model), self.config.gradient_norm)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        finite = bool(norm.isfinite())
        if finite:
            self.optimiser.step()
        self._count_left_out(finite=finite)
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        by_token = float(nats.detach().sum() / tokens.sum())
        self.run_folder.log(step=self.progress.step, loss=by_token, rate=rate, gradient_norm=float(norm))
        return by_token

    def _count_left_out(self, *, finite: bool) -> None:
        """A step without a finite gradient changes nothing and stands in the log; many in a row are an error."""
        self.left_out = 0 if finite else self.left_out + 1
        if self.left_out > LEFT_OUT_MAX:
            raise TrainingError(
                f"the gradient was no number in {self.left_out} steps in a row, up to step {self.progress.step}; lower "
                "the learning rate, or train in float32"
            )

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

        self.model.eval()
        nats, tokens = [], []
        with torch.no_grad():
            for rows in batches(self.rows.valid, self.config.token_budget):
                summed, counted = self.loss(rows)
                nats.append(summed)
                tokens.append(counted)
        every_nat, every_token = torch.cat(nats), torch.cat(tokens)
        by_token = float(every_nat.sum() / every_token.sum())
        return Validation(self.progress.step, by_token, float((every_nat / every_token).mean()))

    def _save(self) -> None:
        self.run_folder.save(lora_tensors(self.model), self.optimiser, self.progress)
