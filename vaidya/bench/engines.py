"""When the engines worked: what is left of a consultation's time is the pipeline's own.

An engine is a library that does the computing: faster-whisper, ONNX Runtime, llama.cpp, torch. While a consultation is
measured, their entry points note when they were inside. Work side by side counts once, so the sum of these times is the
critical path of the engines. The decoder of audio files is a process of ours and counts as the pipeline's.
"""

import contextlib
import functools
import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Interval = tuple[float, float]

# Module, class, methods; a method that returns a generator is followed until the generator ends.
ENTRY_POINTS = (
    ("faster_whisper.transcribe", "WhisperModel", ("transcribe", "detect_language")),
    ("faster_whisper.transcribe", "BatchedInferencePipeline", ("transcribe",)),
    ("faster_whisper.vad", "SileroVADModel", ("__call__",)),
    ("ctranslate2.models", "Whisper", ("encode", "generate", "detect_language", "align")),
    ("onnxruntime", "InferenceSession", ("run",)),
    ("vaidya.llm.llama_server", "LlamaServer", ("chat", "read_prompt")),
    ("vaidya.llm.transformers", "Transformers", ("_generate",)),
    ("vaidya.llm.openai", "OpenAICompatible", ("_ask",)),
    ("vaidya.llm.sagemaker", "SageMaker", ("generate",)),
)


@dataclass(slots=True)
class EngineClock:
    """Intervals, on `time.perf_counter`'s scale, in which some engine was at work; threads may overlap."""

    intervals: list[Interval] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """An engine works while the block runs."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.intervals.append((start, time.perf_counter()))

    def busy_s(self, start: float, stop: float) -> float:
        """Seconds between two moments in which at least one engine worked."""
        cut = [(max(a, start), min(b, stop)) for a, b in self.intervals]
        return union_s([(a, b) for a, b in cut if a < b])


def union_s(intervals: list[Interval]) -> float:
    """Length of a union of intervals.

    >>> union_s([(0.0, 2.0), (1.0, 3.0), (5.0, 6.0)])
    4.0
    """
    total, end = 0.0, float("-inf")
    for start, stop in sorted(intervals):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


@contextlib.contextmanager
def engine_clock() -> Iterator[EngineClock]:
    """Follow every engine that is loaded, for as long as the block runs. Two clocks at once are not meant."""
    clock = EngineClock()
    undo: list[Callable[[], None]] = []
    try:
        for module, name, methods in ENTRY_POINTS:
            if module in sys.modules:
                owner = getattr(importlib.import_module(module), name)
                undo += [_follow(owner, method, clock) for method in methods if hasattr(owner, method)]
        yield clock
    finally:
        for step in reversed(undo):
            step()


def _follow(owner: Any, method: str, clock: EngineClock) -> Callable[[], None]:
    original = getattr(owner, method)
    own = method in vars(owner)
    setattr(owner, method, _chat(original, clock) if method == "chat" else _plain(original, clock))

    def undo() -> None:
        if own:
            setattr(owner, method, original)
        else:
            delattr(owner, method)

    return undo


def _plain(original: Any, clock: EngineClock) -> Any:
    @functools.wraps(original)
    def followed(*args: Any, **kwargs: Any) -> Any:
        with clock.inside():
            result = original(*args, **kwargs)
        if isinstance(result, tuple) and result and isinstance(result[0], Iterator):
            return (_steps(result[0], clock), *result[1:])
        return result

    return followed


def _steps(generator: Iterator[Any], clock: EngineClock) -> Iterator[Any]:
    while True:
        try:
            with clock.inside():
                item = next(generator)
        except StopIteration:
            return
        yield item


def _chat(original: Any, clock: EngineClock) -> Any:
    """llama.cpp calls back with each token; what happens in that call is the pipeline's work, not the engine's."""

    @functools.wraps(original)
    def followed(server: Any, request: Any, on_chunk: Callable[[Any], Any]) -> None:
        entered = time.perf_counter()

        def between(chunk: Any) -> Any:
            nonlocal entered
            clock.intervals.append((entered, time.perf_counter()))
            try:
                return on_chunk(chunk)
            finally:
                entered = time.perf_counter()

        try:
            original(server, request, between)
        finally:
            clock.intervals.append((entered, time.perf_counter()))

    return followed
