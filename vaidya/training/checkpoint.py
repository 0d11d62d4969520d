"""A training run's folder: its configuration, its log, its last state, its best adapter."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vaidya.errors import ConfigError
from vaidya.training.settings import TrainingConfig


@dataclass(frozen=True, slots=True)
class Validation:
    """Negative log-likelihood (nats) on the validation rows, by token and as the mean of the rows' means.

    The second decides: a note's short sections then count as much as its histories, as in the score by row.
    """

    step: int
    by_token: float
    by_row: float


@dataclass(slots=True)
class Progress:
    """Where a run stands. stale: evaluations since the best one."""

    step: int = 0
    best: Validation | None = None
    stale: int = 0


class RunFolder:
    """Everything that an interrupted run needs to go on, and what it leaves behind."""

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._refuse_other(config)
        (path / "config.json").write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def _refuse_other(self, config: TrainingConfig) -> None:
        """A checkpoint is continued under its own settings; only how long it runs may change."""
        stored = self.path / "config.json"
        if not stored.exists() or not self.state.exists():
            return
        length = {"epochs": 1.0, "steps": None, "patience": None, "checkpoint_s": 1.0, "threads": 0, "device": "auto"}
        before = TrainingConfig.model_validate_json(stored.read_text(encoding="utf-8"))
        if before.model_copy(update=length) != config.model_copy(update=length):
            raise ConfigError(
                f"{self.path.name} holds a run with other settings; give a new folder, or the same settings"
            )

    @property
    def state(self) -> Path:
        """The last checkpoint."""
        return self.path / "last.pt"

    def kept(self, config: TrainingConfig) -> dict[str, Any] | None:
        """The adapter that a run is for: the best, or the last where it had no patience; None while there is none."""
        import torch

        if config.patience is None:
            stored = self.load()
            return stored[0] if stored else None
        if not self.best.exists():
            return None
        found: dict[str, Any] = torch.load(self.best, map_location="cpu")
        return found

    @property
    def best(self) -> Path:
        """The adapter with the best validation loss so far."""
        return self.path / "best.pt"

    def save(self, tensors: dict[str, Any], optimiser: Any, progress: Progress) -> None:
        """Write the state so that a cut-off leaves the one before or this one, never half of it."""
        best = asdict(progress.best) if progress.best else None
        state = {"adapter": tensors, "optimiser": optimiser.state_dict(), "step": progress.step}
        self._write(self.state, {**state, "best": best, "stale": progress.stale})

    def save_best(self, tensors: dict[str, Any]) -> None:
        """Keep an adapter as the best."""
        self._write(self.best, tensors)

    def _write(self, path: Path, value: object) -> None:
        import torch

        torch.save(value, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self) -> tuple[dict[str, Any], dict[str, Any], Progress] | None:
        """Adapter, optimiser state and progress of the last checkpoint; None when there is none."""
        import torch

        if not self.state.exists():
            return None
        found = torch.load(self.state, map_location="cpu")
        best = Validation(**found["best"]) if found["best"] else None
        return found["adapter"], found["optimiser"], Progress(found["step"], best, found["stale"])

    def log(self, **values: float) -> None:
        """Add a line to the log."""
        with (self.path / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(values) + "\n")

    def history(self) -> Iterator[dict[str, float]]:
        """Every line of the log; steps that a cut-off made run twice occur twice."""
        path = self.path / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return map(json.loads, lines)
