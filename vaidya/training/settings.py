"""What one training run does: strict, with a digest, kept beside its checkpoints."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field

from vaidya.config import Positive, Section, Share


class TrainingConfig(Section):
    """An adapter and how it is trained.

    token_budget: tokens of a batch, padding included; one batch makes one optimiser step. length_power: a section of n
    tokens weighs n to this power; 1 counts every token alike, 0 every section. dropout: of what goes into the adapter,
    while training. decay: share of the steps at the end over which the learning rate falls to zero. prompt_tokens:
    longer prompts are left out. fraction: share of the rows, for a learning curve. evaluations: per epoch. patience:
    evaluations without a better validation loss before it stops; the best adapter is then the one that is kept. None
    goes to the end and keeps the last.
    """

    weights: str = "qwen2.5-coder-0.5b-instruct-q4"
    device: Literal["auto", "cuda", "cpu"] = "auto"
    rank: Annotated[int, Field(ge=1, le=256)] = 16
    alpha: Annotated[int, Field(ge=1)] = 32
    learning_rate: Positive = 5e-4
    epochs: Positive = 3.0
    steps: Annotated[int | None, Field(ge=1)] = None
    token_budget: Annotated[int, Field(ge=1)] = 4096
    length_power: Share = 1.0
    dropout: Share = 0.1
    warmup: Share = 0.04
    decay: Share = 0.4
    gradient_norm: Positive = 1.0
    prompt_tokens: Annotated[int, Field(ge=1)] = 4096
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    evaluations: Annotated[int, Field(ge=1)] = 2
    patience: Annotated[int | None, Field(ge=1)] = None
    checkpoint_s: Positive = 240.0
    threads: Annotated[int, Field(ge=0)] = 0
    seed: int = 7

    @property
    def digest(self) -> str:
        """First 12 hex digits of the sha256 of the canonical JSON."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def learning_rate(step: int, total: int, config: TrainingConfig) -> float:
    """The rate at a step that counts from 0: a short rise, a plateau, a straight fall to almost nothing.

    A plateau instead of a cosine, because a run that is prolonged or cut short then keeps what it has (Hägele et al.,
    NeurIPS 2024).

    >>> config = TrainingConfig(learning_rate=1.0, warmup=0.1, decay=0.5)
    >>> [round(learning_rate(step, 10, config), 2) for step in (0, 4, 5, 9)]
    [1.0, 1.0, 1.0, 0.2]
    """
    rise = max(1, round(config.warmup * total))
    fall = max(1, round(config.decay * total))
    return config.learning_rate * min(1.0, (step + 1) / rise, (total - step) / fall)
