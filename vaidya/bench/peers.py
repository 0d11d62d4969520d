"""Other ways through the same work, side by side in one run; where one cannot be had, the row says why.

A peer of the transcriber hears the same recording as ours. A peer of the language model writes so many tokens after the
same prompt as ours. Each is run in turn with ours, and compared run by run.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from vaidya.audio import read_recording
from vaidya.bench.consultation import Consultation
from vaidya.bench.rows import LatencyRow, ratio_row
from vaidya.config import LlmConfig
from vaidya.errors import VaidyaError
from vaidya.note.reply import reply_schema
from vaidya.pipeline import Pipeline
from vaidya.schema import Message
from vaidya.weights import resolve

ASR_PEERS = ("faster-whisper", "openai-whisper", "transformers-whisper", "whisper.cpp")
LLM_PEERS = ("llama.cpp", "llama-server", "transformers")
PEERS = ("seed", *ASR_PEERS, *LLM_PEERS)
TOKENS = 64  # that a language model's peer writes: enough for a pace, little enough for a slow one

# Package that a peer needs, and why it is no peer here even where the package installs.
_NO_WEIGHTS = {
    "openai-whisper": ("whisper", "no package carries the weights as OpenAI's .pt, and this run fetches none"),
    "transformers-whisper": ("transformers", "no package carries the weights in transformers' form"),
    "whisper.cpp": ("pywhispercpp", "no package carries the weights as ggml"),
}

Work = Callable[[], object]
Write = Callable[[Sequence[Message]], object]


@dataclass(frozen=True, slots=True)
class Peer:
    """Two ways of doing the same. ready, theirs_ready: run before each of ours, or of theirs, and not timed."""

    theirs: Work
    ours: Work
    ready: Work
    theirs_ready: Work = lambda: None


def peer_row(
    name: str,
    pipeline: Pipeline,
    consultation: Consultation,
    request: Sequence[Message],
    repeat: int,
) -> LatencyRow:
    """`peer_ratio`: the peer's time over ours, above 1 where we win; or the reason why there is none."""
    arm = f"peer:{name}"
    try:
        with _prepared(name, pipeline, consultation, request) as found:
            if isinstance(found, str):
                return LatencyRow(metric="peer_ratio", value=None, unit="×", n=0, arm=arm, reason=found)
            timed = [(_after(found.theirs_ready, found.theirs), _after(found.ready, found.ours)) for _ in range(repeat)]
    except VaidyaError as error:
        return LatencyRow(metric="peer_ratio", value=None, unit="×", n=0, arm=arm, reason=f"{error.code}: {error}")
    theirs, ours = zip(*timed, strict=True)
    return ratio_row("peer_ratio", theirs, ours, arm)


def _after(ready: Work, work: Work) -> float:
    ready()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def _prepared(
    name: str, pipeline: Pipeline, consultation: Consultation, request: Sequence[Message]
) -> Iterator[Peer | str]:
    if name in _NO_WEIGHTS:
        library, reason = _NO_WEIGHTS[name]
        yield reason if importlib.util.find_spec(library) else f"{library} is not installed; {reason}"
    elif name == "faster-whisper":
        yield _plain_whisper(pipeline, consultation)
    elif pipeline.config.llm.backend != "llama-cpp":
        yield f"this profile's language model runs on {pipeline.config.llm.backend}, not on a GGUF file"
    else:
        with _writer(name, pipeline) as found:
            yield found if isinstance(found, str) else _model_peer(name, found, pipeline, request)


def _plain_whisper(pipeline: Pipeline, consultation: Consultation) -> Peer:
    """The library as its README uses it: beam 5, one window after another, no voice detection."""
    from faster_whisper import WhisperModel

    config = pipeline.config.transcript
    model = WhisperModel(str(resolve(config.weights).folder), device=config.device, compute_type=config.compute_type)
    recording = read_recording(consultation.path, pipeline.config.audio)
    ours = pipeline.transcriber.get()
    return Peer(
        theirs=lambda: list(model.transcribe(recording.samples, beam_size=5)[0]),
        ours=lambda: ours.transcribe(recording),
        ready=lambda: None,
    )


def _model_peer(name: str, theirs: Write, pipeline: Pipeline, request: Sequence[Message]) -> Peer:
    model = pipeline.model.get()

    def ready() -> None:
        _fresh(model, request)

    return Peer(
        theirs=lambda: theirs(request),
        ours=lambda: model.generate(request, reply_schema(), max_tokens=TOKENS),
        ready=ready,
        # The same server behind HTTP: without this it would find our own conversation in its cache.
        theirs_ready=ready if name == "llama-server" else lambda: None,
    )


def _fresh(model: Any, request: Sequence[Message]) -> None:
    """The cache as a new patient finds it: the fixed prefix and nothing of this conversation."""
    model.generate([Message(role="user", content="-")], max_tokens=1)
    model.warm(request[:-1])


@contextmanager
def _writer(name: str, pipeline: Pipeline) -> Iterator[Write | str]:
    """What writes `TOKENS` tokens the peer's way, or why nothing does."""
    config = pipeline.config.llm
    if name == "transformers" and not all(map(importlib.util.find_spec, ("torch", "transformers"))):
        yield "torch and transformers are not installed: pip install 'vaidya[transformers]'"
    elif name == "llama.cpp":
        yield partial(_plain_llama, pipeline.model.get())
    else:
        other = _transformers(config) if name == "transformers" else _over_http(pipeline)
        try:
            yield partial(other.generate, schema=reply_schema(), max_tokens=TOKENS)
        finally:
            other.close()


def _plain_llama(model: Any, request: Sequence[Message]) -> None:
    """The engine alone, as a plain request would be: nothing cached, no schema."""
    model.generate([Message(role="user", content="-")], max_tokens=1)
    model.generate(request, max_tokens=TOKENS)


def _transformers(config: LlmConfig) -> Any:
    """The same weights unpacked to 16 bits, for transformers cannot compute with them as they are packed."""
    from vaidya.llm.transformers import Transformers

    changes = {"backend": "transformers", "dtype": "bfloat16", "options": {}, "timeout_s": 600.0}
    return Transformers(config.model_copy(update=changes))


def _over_http(pipeline: Pipeline) -> Any:
    """The OpenAI-compatible backend over loopback, against the very server that the pipeline holds."""
    from vaidya.llm.openai import OpenAICompatible

    address, key = pipeline.model.get().address()  # type: ignore[attr-defined]
    options = {"backend": "openai", "base_url": f"{address}/v1", "options": {}}
    return OpenAICompatible(pipeline.config.llm.model_copy(update=options), key=key)
