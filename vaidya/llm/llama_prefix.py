"""The fixed part of a prompt as llama.cpp holds it after reading, kept on disk from one process to the next.

Reading a thousand tokens takes seconds on two cores; loading their keys and values from a file takes a few hundredths.
Only the prompt that ships with the package is kept, never a consultation.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

from vaidya.config import LlmConfig
from vaidya.errors import GenerationError
from vaidya.llm.llama_server import LlamaServer
from vaidya.schema import Message, WeightsUsed
from vaidya.settings import settings

KEPT = 8  # prefixes on disk; the ones used longest ago go first
_SLOT = 0


def rendered_prefix(server: LlamaServer, messages: Sequence[Message]) -> str:
    """The text that every conversation beginning with `messages` shares, in the model's own chat template.

    It is what two continuations have in common, so nothing that the template writes after the last turn is in it.
    """
    turns = [message.model_dump() for message in messages]
    ends = ({"role": "user", "content": text} for text in ("A", "B"))
    first, second = (server.post("/apply-template", {"messages": [*turns, end]})["prompt"] for end in ends)
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


@dataclass(frozen=True, slots=True)
class PrefixStore:
    """A folder of saved prefixes. key: whatever must be the same for one to be used again."""

    folder: Path
    key: str

    @classmethod
    def of(cls, config: LlmConfig, weights: Sequence[WeightsUsed]) -> "PrefixStore":
        """The store of this user for a model in this configuration."""
        folder = settings().cache / "prefixes"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        parts = [version("xllamacpp"), config.cache_type, str(config.gpu_layers), *(used.sha256 for used in weights)]
        return cls(folder, "\n".join([*parts, *(f"{key}={config.options[key]}" for key in sorted(config.options))]))

    def _path(self, prompt: str) -> Path:
        return self.folder / (hashlib.sha256(f"{self.key}\n{prompt}".encode()).hexdigest()[:24] + ".kv")

    def restore(self, server: LlamaServer, prompt: str) -> bool:
        """Load a prefix; False when there is none, or llama.cpp does not take it, and it must be read."""
        path = self._path(prompt)
        if not path.is_file():
            return False
        try:
            restored = server.post(f"/slots/{_SLOT}?action=restore", {"filename": path.name})
        except GenerationError:
            path.unlink(missing_ok=True)
            return False
        os.utime(path)
        return restored.get("n_restored", 0) > 0

    def save(self, server: LlamaServer, prompt: str) -> None:
        """Keep the prefix that was just read; a full disk is no reason to fail."""
        path = self._path(prompt)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            server.post(f"/slots/{_SLOT}?action=save", {"filename": partial.name})
            partial.replace(path)
        except (GenerationError, OSError):
            partial.unlink(missing_ok=True)
        self._prune()

    def _prune(self) -> None:
        kept = sorted(self.folder.glob("*.kv"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[KEPT:]:
            path.unlink(missing_ok=True)
