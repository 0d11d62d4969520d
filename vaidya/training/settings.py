"""What one training run does: strict, with a digest, kept beside its checkpoints."""

import hashlib
import json
from typing import Annotated

from pydantic import Field

from vaidya.config import Positive, Section, Share


class TrainingConfig(Section):
    """An adapter and how it is trained.

    first_layer: layers below it have no adapter, and what they compute is kept after the first epoch. lanes: batches of
    `token_budget` adapted tokens that make one optimiser step. length_power: a section of n tokens weighs n to this
    power; 1 lets long histories decide, 0 counts every section alike. decay: share of the steps at the end over which
    the learning rate falls to zero. prompt_tokens: longer prompts are left out. fraction: share of the rows, for a
    learning curve. evaluations: per epoch. patience: evaluations without a better validation loss before it stops.
    """

    weights: str = "qwen2.5-coder-0.5b-instruct-q4"
    rank: Annotated[int, Field(ge=1, le=256)] = 16
    alpha: Annotated[int, Field(ge=1)] = 32
    first_layer: Annotated[int, Field(ge=0)] = 8
    learning_rate: Positive = 5e-4
    epochs: Positive = 3.0
    steps: Annotated[int | None, Field(ge=1)] = None
    token_budget: Annotated[int, Field(ge=1)] = 512
    lanes: Annotated[int, Field(ge=1)] = 2
    length_power: Share = 0.5
    warmup: Share = 0.04
    decay: Share = 0.4
    gradient_norm: Positive = 1.0
    prompt_tokens: Annotated[int, Field(ge=1)] = 640
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    evaluations: Annotated[int, Field(ge=1)] = 2
    patience: Annotated[int, Field(ge=1)] = 3
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
