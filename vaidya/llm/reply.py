"""A reply while it is being written: its text, its clock and its time limit."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from vaidya.errors import GenerationError, GenerationTimeoutError
from vaidya.llm.base import EndReply, OnText
from vaidya.llm.thought import ThoughtFilter
from vaidya.schema import FinishReason, Generation, Token

OPENING_TOKENS = 16  # of a reply whose alternatives are kept: the tier is the first field, after a code fence at most
# Alternatives asked for at each token: the most that OpenAI and vLLM give, and enough for the mildest of four tiers.
ALTERNATIVES = 20

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


def tokens_of(logprobs: Any) -> Iterator[Token]:
    """The tokens of a chat completion's `logprobs`; none where the server gave none, or in another form.

    >>> [token.alternatives for token in tokens_of({"content": [{"token": "a", "top_logprobs": []}]})]
    [{}]
    """
    for item in (logprobs.get("content") if isinstance(logprobs, dict) else None) or ():
        if isinstance(item, dict) and isinstance(item.get("token"), str):
            yield Token(text=item["token"], alternatives=dict(_alternatives(item.get("top_logprobs"))))


def _alternatives(listed: Any) -> Iterator[tuple[str, float]]:
    # From the last to the first: of two tokens with one text, such as parts of characters, the likelier is kept.
    for item in reversed(listed if isinstance(listed, list) else []):
        text, logprob = (item.get("token"), item.get("logprob")) if isinstance(item, dict) else (None, None)
        if isinstance(text, str) and isinstance(logprob, int | float) and math.isfinite(logprob):
            yield text, min(float(logprob), 0.0)


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
        self._opening: list[Token] = []
        self._written = 0
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
        self._written += 1
        self._emit(self._filter.feed(piece))

    def weighed(self, tokens: Iterable[Token]) -> None:
        """What else the engine thought of for the tokens of a piece; read for the reply's beginning alone."""
        if len(self._opening) < OPENING_TOKENS:
            self._opening += tokens

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            if self._on_text:
                self._on_text(text)

    def finish(self, model: str, reason: FinishReason, tokens: Mapping[str, int | None]) -> Generation:
        """The generation. tokens: any of `tokens_in`, `tokens_cached`, `tokens_out`."""
        self._emit(self._filter.flush())
        return self._generation(model, reason, tokens)

    def unless_ended(self, model: str, reply: Callable[[], Generation]) -> Generation:
        """What `reply` returns; or the reply so far, where the listener ended it.

        Its tokens are counted as the engine streamed them, one a piece; how many were read is then not known.
        """
        try:
            return reply()
        except EndReply:
            return self._generation(model, FinishReason.ENDED, {"tokens_out": self._written})

    def _generation(self, model: str, reason: FinishReason, tokens: Mapping[str, int | None]) -> Generation:
        return Generation(
            text="".join(self._pieces),
            model=model,
            finish_reason=reason,
            ttft_s=None if self._first is None else self._first - self._start,
            decode_s=None if self._first is None or self._last is None else self._last - self._first,
            opening=tuple(self._opening[:OPENING_TOKENS]),
            **tokens,
        )
