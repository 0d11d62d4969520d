"""The pieces of work that levers change: hearing, listening, loading, reading a prompt, writing a note."""

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vaidya.acoustic.base import load_listener
from vaidya.audio import read_recording
from vaidya.bench.cold import first_consultation
from vaidya.bench.consultation import Consultation
from vaidya.config import LlmConfig, RunConfig
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note.base import NoteInput
from vaidya.note.prompt import load_prompt
from vaidya.note.reply import reply_schema, streamed_tier
from vaidya.pipeline import Pipeline
from vaidya.schema import Findings, FindingsState, Message, Recording
from vaidya.settings import settings
from vaidya.transcript.base import load_transcriber

LONG_KEYS = {
    "t": "triage_tier",
    "s": "subjective",
    "o": "objective",
    "a": "assessment",
    "p": "plan",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a piece of work gave. seconds: when it is not the wall time that counts. tokens: that were written."""

    text: str = ""
    tokens: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing a piece of work. ready: before each run, not timed."""

    work: Callable[[], Done]
    ready: Callable[[], object] = lambda: None


@dataclass
class Bench:
    """What every lever works on: a configuration, a consultation, and the request that its transcript makes."""

    config: RunConfig
    consultation: Consultation

    @cached_property
    def recording(self) -> Recording:
        """The consultation's sound."""
        return read_recording(self.consultation.path, self.config.audio)

    @cached_property
    def request(self) -> tuple[Message, ...]:
        """The note's request, from the consultation as the configured transcriber hears it."""
        transcript = load_transcriber(self.config.transcript).transcribe(self.recording)
        findings = Findings(state=FindingsState.NO_AUDIO, encoder="none", weight=0.0, weight_reason="not listened to")
        case = self.consultation.case
        return load_prompt(self.config.note.prompt).messages(
            NoteInput(transcript, findings, case.vitals, case.patient, None)
        )


Build = Callable[[Bench], contextlib.AbstractContextManager[Way]]


def hearing(**changes: Any) -> Build:
    """Transcribing under the profile's settings with these changed."""

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        engine = load_transcriber(bench.config.transcript.model_copy(update=changes))
        yield Way(lambda: Done(" ".join(s.text for s in engine.transcribe(bench.recording).segments)))

    return build


def hearing_and_listening(together: bool) -> Build:
    """Words and other sounds, at once or in turn."""

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        words, sounds = load_transcriber(bench.config.transcript), load_listener(bench.config.acoustic)

        def work() -> Done:
            with ThreadPoolExecutor(2 if together else 1) as pool:
                both: list[Future[object]] = [
                    pool.submit(words.transcribe, bench.recording),
                    pool.submit(sounds.listen, bench.recording),
                ]
            for done in both:
                done.result()
            return Done()

        yield Way(work)

    return build


def loading(together: bool) -> Build:
    """A pipeline's models, at once or in turn."""

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        def work() -> Done:
            pipeline = Pipeline(bench.config)
            if together:
                pipeline.load()
            else:
                for load in (pipeline.transcriber.get, pipeline.listener.get, pipeline.writer.get, pipeline.warm):
                    load()
            pipeline.close()
            return Done()

        yield Way(work)

    return build


def writing(
    *,
    warm: bool = True,
    schema: bool = True,
    long_keys: bool = False,
    tier_last: bool = False,
    until_tier: bool = False,
    **changes: Any,
) -> Build:
    """A note by the language model under the profile's settings with these changed.

    warm: the prompt's fixed part is in the cache. until_tier: only the time until the reply's tier is known counts.
    """

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        llm = bench.config.llm
        options = {**llm.options, **changes.get("options", {})}
        request = _long(bench.request) if long_keys else bench.request
        wanted = _schema(long_keys=long_keys, tier_last=tier_last) if schema else None
        with _loaded(llm.model_copy(update={**changes, "options": options})) as model:
            yield Way(
                work=lambda: _write(model, request, wanted, until_tier=until_tier),
                ready=lambda: _ready(model, request, warm),
            )

    return build


def keeping(resident: bool) -> Build:
    """From the request to its words, by a process that keeps its models or by one that starts, imports and loads first.

    Until the words, because the note's length differs from one reply to the next.
    """

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        if not resident:
            yield Way(lambda: _in_a_new_process(bench))
            return
        pipeline = Pipeline(bench.config).load()
        try:
            yield Way(lambda: _by(pipeline, bench), pipeline.warm)
        finally:
            pipeline.close()

    return build


def _in_a_new_process(bench: Bench) -> Done:
    found = first_consultation(bench.config, bench.consultation.path)
    return Done(seconds=found["ready_s"] + found["transcript_s"])


def _by(pipeline: Pipeline, bench: Bench) -> Done:
    return Done(seconds=pipeline.run(bench.consultation.intake()).timings["transcript"])


def restoring(from_disk: bool) -> Build:
    """The fixed part of the prompt into a new process's cache, from disk or by reading it."""

    @contextlib.contextmanager
    def build(bench: Bench) -> Iterator[Way]:
        llm = bench.config.llm
        prefix = bench.request[:-1]
        options = {**llm.options, "save_prefix": from_disk}
        with _loaded(llm.model_copy(update={"options": options})) as model:
            model.warm(prefix)  # the first reading saves it

            def work() -> Done:
                model.warm(prefix)
                return Done()

            yield Way(work, lambda: _forget(model))

    return build


@contextlib.contextmanager
def _own_cache() -> Iterator[None]:
    """What a model saves lies in a folder of this run's own for as long as the block runs."""
    kept = settings().cache
    with tempfile.TemporaryDirectory(prefix="vaidya-bench-cache-") as folder:
        (Path(folder) / "weights").symlink_to(kept / "weights")
        settings().cache = Path(folder)
        try:
            yield
        finally:
            settings().cache = kept


@contextlib.contextmanager
def _loaded(config: LlmConfig) -> Iterator[LanguageModel]:
    with _own_cache():
        model = load_language_model(config)
        try:
            yield model
        finally:
            model.close()


def _write(
    model: LanguageModel, request: Sequence[Message], schema: Mapping[str, Any] | None, *, until_tier: bool
) -> Done:
    start = time.perf_counter()
    seen: list[float] = []
    text = ""

    def listen(piece: str) -> None:
        nonlocal text
        text += piece
        if not seen and streamed_tier(text) is not None:
            seen.append(time.perf_counter() - start)

    reply = model.generate(request, schema, on_text=listen)
    return Done(reply.text, reply.tokens_out or 0, seen[0] if until_tier and seen else None)


def _ready(model: LanguageModel, request: Sequence[Message], warm: bool) -> None:
    _forget(model)
    if warm:
        model.warm(request[:-1])


def _forget(model: LanguageModel) -> None:
    """Put something else into the cache."""
    model.generate([Message(role="user", content="-")], max_tokens=1)


def _schema(*, long_keys: bool, tier_last: bool) -> dict[str, Any]:
    schema = reply_schema()
    names = list(schema["properties"])
    order = [*names[1:], names[0]] if tier_last else names
    spell = LONG_KEYS if long_keys else {name: name for name in names}
    properties = {spell[name]: schema["properties"][name] for name in order}
    return {**schema, "properties": properties, "required": [spell[name] for name in order]}


def _long(request: Sequence[Message]) -> tuple[Message, ...]:
    """The same prompt with whole words for keys: in the instructions' list and in the examples' replies."""
    return tuple(message.model_copy(update={"content": _spelled(message)}) for message in request)


def _spelled(message: Message) -> str:
    if message.role == "assistant":
        reply = json.loads(message.content)
        return json.dumps({LONG_KEYS.get(key, key): value for key, value in reply.items()}, ensure_ascii=False)
    if message.role == "system":
        return re.sub(r"^([trsoap]):", lambda found: f"{LONG_KEYS[found[1]]}:", message.content, flags=re.MULTILINE)
    return message.content
