"""A reply while it is being written: its text, its clock and its time limit."""

import time
from collections.abc import Mapping

from vaidya.errors import GenerationError, GenerationTimeoutError
from vaidya.llm.base import OnText
from vaidya.llm.thought import ThoughtFilter
from vaidya.schema import FinishReason, Generation

# What servers call the end of a reply: OpenAI, llama.cpp and vLLM say stop and length; TGI says eos_token and
# stop_sequence; Ollama says load when it was only asked to load a model.
FINISHED = {
    "stop": FinishReason.STOP,
    "eos_token": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
}


def finish_reason(name: str | None) -> FinishReason:
    """The finish reason behind a server's word.

    Raises:
        GenerationError: the reply ended without one, or with one that is no end of a reply (a filter, an abort).
    """
    if name not in FINISHED:
        raise GenerationError(
            f"the reply ended with {name!r}, not with one of {', '.join(FINISHED)}; it is not complete and is not used"
        )
    return FINISHED[name]


class ReplyStream:
    """Collects the pieces of one reply, from whatever engine writes them.

    The clock starts when the stream is made. Times count every token, a thought's too, for they are what the machine
    took; the text holds the reply alone.
    """

    def __init__(self, timeout_s: float, on_text: OnText | None = None) -> None:
        self._timeout_s = timeout_s
        self._on_text = on_text
        self._filter = ThoughtFilter()
        self._pieces: list[str] = []
        self._start = time.perf_counter()
        self._first: float | None = None
        self._last: float | None = None

    @property
    def remaining_s(self) -> float:
        """Seconds until the time limit; negative past it."""
        return self._start + self._timeout_s - time.perf_counter()

    @property
    def started(self) -> bool:
        """Whether any piece has arrived."""
        return self._first is not None

    def check(self) -> None:
        """Raise GenerationTimeoutError past the time limit."""
        if self.remaining_s <= 0:
            raise self.timed_out()

    def timed_out(self) -> GenerationTimeoutError:
        """The error for a reply that was stopped at the time limit."""
        reached = "while it was being written" if self.started else "before its first token"
        return GenerationTimeoutError(
            f"the reply was stopped after {self._timeout_s:g} s, {reached}; raise `llm.timeout_s`, or use a smaller "
            "model"
        )

    def add(self, piece: str) -> None:
        """A piece of text as the engine wrote it; an empty one is no token."""
        if not piece:
            return
        self._last = time.perf_counter()
        self._first = self._first or self._last
        self._emit(self._filter.feed(piece))

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            if self._on_text:
                self._on_text(text)

    def finish(self, model: str, reason: FinishReason, tokens: Mapping[str, int | None]) -> Generation:
        """The generation. tokens: any of `tokens_in`, `tokens_cached`, `tokens_out`."""
        self._emit(self._filter.flush())
        return Generation(
            text="".join(self._pieces),
            model=model,
            finish_reason=reason,
            ttft_s=None if self._first is None else self._first - self._start,
            decode_s=None if self._first is None or self._last is None else self._last - self._first,
            **tokens,
        )
