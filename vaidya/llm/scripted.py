"""Replies from a script instead of a model: for tests, demonstrations and dry runs; never a default."""

import json
import time
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationError
from vaidya.llm.base import JsonSchema, OnText
from vaidya.llm.reply import ReplyStream
from vaidya.schema import FinishReason, Generation, Message, Token, WeightsUsed


class ScriptedReply(BaseModel):
    """One reply. finish_reason "length" stands for a cut one.

    error: raised instead of a reply, after the text was written. delay_s: before the first piece; delays past the
    configuration's `timeout_s` end in GenerationTimeoutError, as a slow model would. opening: the first tokens with
    what else they could have been, which need not be the pieces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    finish_reason: FinishReason = FinishReason.STOP
    error: str | None = None
    delay_s: float = 0.0
    piece_delay_s: float = 0.0
    opening: tuple[Token, ...] = ()


Script = Sequence[str | ScriptedReply] | Mapping[str, str | ScriptedReply]
_SCRIPT: TypeAdapter[list[str | ScriptedReply] | dict[str, str | ScriptedReply]] = TypeAdapter(
    list[str | ScriptedReply] | dict[str, str | ScriptedReply]
)
PIECE = 4  # characters a piece, about a token of English


class ScriptedModel:
    """Says what its script says.

    `llm.model` is the path of a JSON file: a list of replies, given in turn and from the start again; or an object
    whose keys are looked for in the last message, in order ("" fits every message).
    """

    name = "scripted"

    def __init__(self, config: LlmConfig) -> None:
        if config.model is None:
            raise ConfigError("the scripted model needs `llm.model`: the path of a JSON file with its replies")
        self._setup(_read(Path(config.model)), config.timeout_s)

    @classmethod
    def of(cls, script: Script, *, timeout_s: float = 60.0) -> "ScriptedModel":
        """A model with a script that was not written to a file."""
        model = cls.__new__(cls)
        model._setup(script, timeout_s)
        return model

    def _setup(self, script: Script, timeout_s: float) -> None:
        self.weights: tuple[WeightsUsed, ...] = ()
        self.requests: list[tuple[Message, ...]] = []
        self.warmed: list[tuple[Message, ...]] = []
        self._timeout_s = timeout_s
        self._by_key = script if isinstance(script, Mapping) else None
        self._turns = cycle(script) if not isinstance(script, Mapping) else iter(())

    def generate(
        self,
        messages: Sequence[Message],
        schema: JsonSchema | None = None,  # noqa: ARG002 - a script is what it is
        *,
        max_tokens: int | None = None,
        on_text: OnText | None = None,
    ) -> Generation:
        """The next reply of the script, in pieces; cut at `max_tokens` pieces of four characters."""
        self.requests.append(tuple(messages))
        reply = self._next(messages)
        stream = ReplyStream(self._timeout_s, on_text)
        tokens_in = sum(len(message.content) for message in messages) // PIECE
        return stream.unless_ended(self.name, lambda: self._write(reply, stream, tokens_in, max_tokens))

    def _write(self, reply: ScriptedReply, stream: ReplyStream, tokens_in: int, max_tokens: int | None) -> Generation:
        stream.weighed(reply.opening)
        _wait(reply.delay_s, stream)
        pieces = [reply.text[i : i + PIECE] for i in range(0, len(reply.text), PIECE)]
        taken = pieces[:max_tokens]
        for piece in taken:
            _wait(reply.piece_delay_s, stream)
            stream.add(piece)
        if reply.error is not None:
            raise GenerationError(reply.error)
        reason = reply.finish_reason if len(taken) == len(pieces) else FinishReason.LENGTH
        return stream.finish(self.name, reason, {"tokens_in": tokens_in, "tokens_out": len(taken)})

    def _next(self, messages: Sequence[Message]) -> ScriptedReply:
        if self._by_key is None:
            found = next(self._turns, None)
        else:
            last = messages[-1].content if messages else ""
            found = next((reply for key, reply in self._by_key.items() if key in last), None)
        if found is None:
            raise GenerationError("the script has no reply for this request; add a key that occurs in it, or a list")
        return ScriptedReply(text=found) if isinstance(found, str) else found

    def warm(self, messages: Sequence[Message]) -> None:
        """Keep what was asked, for tests to look at."""
        self.warmed.append(tuple(messages))

    def close(self) -> None:
        """Nothing to give back."""


def _wait(seconds: float, stream: ReplyStream) -> None:
    """Wait, but never longer than the time limit."""
    if seconds:
        time.sleep(max(0.0, min(seconds, stream.remaining_s)))
    stream.check()


def _read(path: Path) -> Any:
    try:
        return _SCRIPT.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"no script at {path}: `llm.model` must be a JSON file of replies") from error
    except (ValueError, ValidationError) as error:
        raise ConfigError(f"{path} is not a script: needed a JSON list or object of replies") from error
