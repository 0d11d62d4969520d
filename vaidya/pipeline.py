"""The whole consultation in order, and what happens when a stage fails.

    vitals ─ preliminary tier, at once
    audio ── recording ──┬── transcript ──┐
                         └── findings  ───┴── note ── decision ── record

A stage that fails becomes a coded entry of the record; the other stages' results stay, and the decision treats what is
missing as unknown, which is never ROUTINE. Only input that leaves nothing to decide on is raised.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from vaidya.acoustic.base import Listener, load_listener
from vaidya.audio import read_recording
from vaidya.config import RunConfig, load_profile
from vaidya.errors import AudioNotFoundError, InputError, IntakeError, StageTimeoutError, VaidyaError
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note import extractive_note, load_note_writer, with_standing_plan
from vaidya.note.base import LANGUAGE_NOT_READ, Draft, NoteInput, NoteWriter
from vaidya.record.assemble import assemble, make_intake
from vaidya.schema import (
    Failure,
    Findings,
    FindingsState,
    Intake,
    NoteState,
    Patient,
    Recording,
    StageEvent,
    Tier,
    Transcript,
    TranscriptState,
    TriageRecord,
    Vitals,
    WeightsUsed,
)
from vaidya.schema.event import EventKind
from vaidya.schema.record import StageName
from vaidya.transcript.base import Transcriber, load_transcriber
from vaidya.transcript.from_text import transcript_from_text
from vaidya.triage import TriageInput, decide, preliminary, warm_up

T = TypeVar("T")
OnEvent = Callable[[StageEvent], None]


def load(profile: str | RunConfig = "embedded", **overrides: Any) -> "Pipeline":
    """A pipeline with every model loaded, ready for patients.

    profile: a shipped profile's name, a path to a YAML file, or a RunConfig. overrides: settings by dotted name, with
    two underscores for a dot: `load("embedded", llm__max_tokens=512)`.

    Raises:
        ConfigError: the profile or a setting is wrong, or a backend's library is not installed.
        WeightsError: weights cannot be had or are not what was pinned.
    """
    config = load_profile(profile) if isinstance(profile, str) else profile
    config = config.override({key.replace("__", "."): value for key, value in overrides.items()})
    return Pipeline(fit_to_machine(config)).load()


def fit_to_machine(config: RunConfig) -> RunConfig:
    """The configuration with the small language model on a machine with too little memory for the large one."""
    from vaidya.provenance import hardware

    if config.llm_small and hardware().memory_gb < config.small_memory_gb:
        return config.override({"llm.weights": config.llm_small, "llm.adapter": None})
    return config


class _Component(Generic[T]):
    """A part that is loaded once, on first use, by whichever thread comes first.

    `in_use` is held while it works: an engine that still works on a consultation that timed out gets no other one.
    """

    def __init__(self, make: Callable[[], T], loaded: T | None = None) -> None:
        self._make = make
        self._loading = threading.Lock()
        self.loaded = loaded
        self.in_use = threading.Lock()

    def get(self) -> T:
        with self._loading:
            if self.loaded is None:
                self.loaded = self._make()
            return self.loaded


class Pipeline:
    """Runs consultations one after another with the models it holds; safe to call from several threads.

    A component can be passed in, for tests and for peers; otherwise the configuration names it.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        transcriber: Transcriber | None = None,
        listener: Listener | None = None,
        model: LanguageModel | None = None,
        section_model: LanguageModel | None = None,
        writer: NoteWriter | None = None,
    ) -> None:
        self.config = config
        self.transcriber = _Component(lambda: load_transcriber(config.transcript), transcriber)
        self.listener = _Component(lambda: load_listener(config.acoustic), listener)
        self.model = _Component(lambda: load_language_model(config.llm), model)
        self.section_model = _Component(lambda: load_language_model(config.section_llm or config.llm), section_model)
        self.writer = _Component(self._make_writer, writer)

    def _make_writer(self) -> NoteWriter:
        return load_note_writer(self.config.note, self.model.get() if self.config.note.writer == "model" else None)

    def load(self) -> "Pipeline":
        """Load every model that is not loaded yet, side by side."""
        parts = (warm_up, self.transcriber.get, self.listener.get, self.writer.get, self.warm)
        with ThreadPoolExecutor(max_workers=len(parts), thread_name_prefix="vaidya-load") as pool:
            loads = [pool.submit(get) for get in parts]
        for done in loads:
            done.result()
        return self

    def warm(self) -> None:
        """Have the language model read the prompt's fixed part, so that a consultation finds it read.

        It never fails: what is wrong with the model shows in the consultation, as a coded entry.
        """
        with contextlib.suppress(VaidyaError):
            warm = getattr(self.writer.get(), "warm", None)
            if warm is not None:
                with self.writer.in_use:
                    warm()

    @property
    def weights(self) -> tuple[WeightsUsed, ...]:
        """The weights of every loaded component."""
        parts = (self.transcriber.loaded, self.listener.loaded, self.model.loaded, self.section_model.loaded)
        return tuple(used for part in parts if part is not None for used in part.weights)

    def __call__(
        self,
        audio: str | Path | bytes | None = None,
        *,
        vitals: Vitals | Mapping[str, Any] | None = None,
        patient: Patient | Mapping[str, Any] | None = None,
        language: str | None = None,
        complaint: str | None = None,
    ) -> TriageRecord:
        """One consultation. vitals and patient may be plain mappings: `{"spo2": 93}`, `{"age": 54}`.

        Raises:
            InputError: a vital is impossible, or nothing usable was given.
        """
        return self.run(make_intake(audio, vitals=vitals, patient=patient, language=language, complaint=complaint))

    def run(self, intake: Intake, on_event: OnEvent | None = None) -> TriageRecord:
        """One consultation; on_event hears every step, from this and from worker threads.

        Raises:
            InputError: the recording is unusable and nothing else was given, or there is no such file.
        """
        return _Consultation(self, intake, on_event).run()

    def stream(self, intake: Intake) -> Iterator[StageEvent]:
        """One consultation as a stream of steps; the last is `done` and carries the record.

        Raises:
            InputError: as `run`.
        """
        events: queue.SimpleQueue[StageEvent | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                self.run(intake, events.put)
            except Exception as error:  # handed to the reader, who raises it
                events.put(error)

        threading.Thread(target=work, daemon=True, name="vaidya-stream").start()
        while True:
            event = events.get()
            if isinstance(event, Exception):
                raise event
            yield event
            if event.kind == "done":
                return

    def write_section(self, dialogue: str, header: str) -> str:
        """One section of a note, for data sets whose reference is a section: a language model alone is asked.

        The model is `section_llm` of the configuration where there is one.

        Raises:
            GenerationError: the model failed, or the reply was cut.
        """
        from vaidya.note.section import write_section

        model = (self.section_model if self.config.section_llm else self.model).get()
        with self.writer.in_use:
            return write_section(model, dialogue, header)

    def reconfigured(self, config: RunConfig) -> "Pipeline":
        """A pipeline under another configuration that keeps every loaded part whose settings are the same.

        This one must not be used afterwards: the language model is closed when its settings differ.
        """
        keep_model = config.llm == self.config.llm and config.section_llm == self.config.section_llm
        if not keep_model:
            self.close()
        return Pipeline(
            config,
            transcriber=self.transcriber.loaded if config.transcript == self.config.transcript else None,
            listener=self.listener.loaded if config.acoustic == self.config.acoustic else None,
            model=self.model.loaded if keep_model else None,
            section_model=self.section_model.loaded if keep_model else None,
        )

    def close(self) -> None:
        """Give back the language models' memory, processes and connections."""
        for part in (self.model, self.section_model):
            if part.loaded is not None:
                part.loaded.close()


class _Consultation:
    """The state of one run: its clock, its failures, its events."""

    def __init__(self, pipeline: Pipeline, intake: Intake, on_event: OnEvent | None) -> None:
        self.pipeline = pipeline
        self.config = pipeline.config
        self.intake = intake
        self.on_event = on_event
        self.began = time.perf_counter()
        self.failures: list[Failure] = []
        self.timings: dict[str, float] = {}

    def run(self) -> TriageRecord:
        if self.intake == Intake(language=self.intake.language):
            raise IntakeError("nothing was given: a recording, a complaint or at least one vital sign is needed")
        early = self.preliminary_tier()
        recording = self.read()
        transcript, findings = self.hear(recording)
        source = NoteInput(transcript, findings, self.intake.vitals, self.intake.patient, self.intake.complaint)
        draft = self.write(source)
        decision = self.timed("triage", lambda: decide(self.triage_input(source, draft), self.config.triage))
        decision = decision.model_copy(update={"preliminary_tier": early})
        note = with_standing_plan(draft.note, decision.tier)
        self.timings["total"] = self.elapsed()
        record = assemble(
            self.intake,
            self.config,
            recording=recording,
            transcript=transcript,
            findings=findings,
            draft=draft,
            note=note,
            decision=decision,
            failures=tuple(self.failures),
            weights=self.pipeline.weights,
            timings=self.timings,
        )
        self.emit("record", "done", record=record)
        return record

    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    def emit(self, stage: StageName, kind: EventKind, **details: Any) -> None:
        if self.on_event is not None:
            self.on_event(StageEvent(stage=stage, kind=kind, at_s=self.elapsed(), **details))

    def timed(self, stage: StageName, work: Callable[[], T]) -> T:
        self.emit(stage, "started")
        start = time.perf_counter()
        try:
            result = work()
        finally:
            self.timings[stage] = time.perf_counter() - start
        self.emit(stage, "finished")
        return result

    def fail(self, stage: StageName, error: Exception) -> None:
        known = isinstance(error, VaidyaError)
        # An unexpected error's text may quote its input; only its type is safe to keep.
        message = str(error) if known else f"unexpected {type(error).__name__} in the {stage} stage"
        self.failures.append(Failure(stage=stage, code=error.code if known else "INTERNAL", message=message))  # type: ignore[attr-defined]
        self.emit(stage, "failed", code=self.failures[-1].code)

    def preliminary_tier(self) -> Tier | None:
        tier = preliminary(self.intake.vitals, self.intake.patient, self.intake.complaint, self.config.triage)
        self.timings["preliminary"] = self.elapsed()
        self.emit("triage", "preliminary_tier", tier=tier)
        return tier

    def read(self) -> Recording | None:
        audio = self.intake.audio
        if audio is None:
            return None
        try:
            return self.timed("audio", lambda: read_recording(audio, self.config.audio))
        except AudioNotFoundError:
            raise
        except InputError as error:
            if not self.intake.vitals.measured() and not self.intake.complaint:
                raise
            self.fail("audio", error)
        except Exception as error:  # a coded entry, not a lost consultation
            self.fail("audio", error)
        return None

    def hear(self, recording: Recording | None) -> tuple[Transcript, Findings]:
        """Words and other sounds, side by side."""
        if recording is None:
            return self.unheard_transcript(), self.unheard_findings()
        pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="vaidya-hear")
        try:
            if self.pipeline.writer.loaded is None:
                pool.submit(self.pipeline.warm)  # a new process loads its language model while it listens
            words = pool.submit(self.transcribe, recording)
            sounds = pool.submit(self.listen, recording)
            transcript = self.within("transcript", words, self.config.transcript.timeout_s)
            findings = self.within("acoustic", sounds, self.config.acoustic.timeout_s)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return transcript or self.unheard_transcript(), findings or self.unheard_findings()

    def transcribe(self, recording: Recording) -> Transcript:
        if self.intake.transcript is not None:
            return transcript_from_text(self.intake.transcript, self.intake.language)
        engine = self.pipeline.transcriber.get()
        with self.pipeline.transcriber.in_use:
            return self.timed("transcript", lambda: engine.transcribe(recording, self.intake.language))

    def listen(self, recording: Recording) -> Findings:
        engine = self.pipeline.listener.get()
        with self.pipeline.listener.in_use:
            return self.timed("acoustic", lambda: engine.listen(recording))

    def within(self, stage: StageName, work: "Future[T]", limit_s: float) -> T | None:
        try:
            return work.result(timeout=limit_s)
        except TimeoutError:
            self.fail(stage, StageTimeoutError(f"the {stage} stage did not finish within {limit_s:g} s"))
        except Exception as error:  # a coded entry, not a lost consultation
            self.fail(stage, error)
        return None

    def unheard_transcript(self) -> Transcript:
        """No words: because there was no recording, because text was given instead, or because a stage failed."""
        if self.intake.transcript is not None:
            return transcript_from_text(self.intake.transcript, self.intake.language)
        if self.intake.audio is None:
            return Transcript(state=TranscriptState.NO_SPEECH, reasons=("NO_AUDIO",), transcriber="none")
        return Transcript(state=TranscriptState.FAILED, reasons=self.codes("audio", "transcript"), transcriber="none")

    def unheard_findings(self) -> Findings:
        state = FindingsState.NO_AUDIO if self.intake.audio is None else FindingsState.FAILED
        return Findings(state=state, encoder="none", weight=0.0, weight_reason="nothing was listened to")

    def codes(self, *stages: StageName) -> tuple[str, ...]:
        return tuple(failure.code for failure in self.failures if failure.stage in stages)

    def write(self, source: NoteInput) -> Draft:
        """The model's note, or the extractive one with the reason why."""
        if not source.transcript.has_words:
            return Draft(note=extractive_note(source, source.transcript.state.value))
        try:
            writer = self.pipeline.writer.get()
            with self.pipeline.writer.in_use:
                return self.timed("note", lambda: writer.write(source, on_tier=self.on_tier, on_text=self.on_text))
        except Exception as error:  # the extractive note stands in, and a person is asked
            self.fail("note", error)
        return Draft(note=extractive_note(source, self.codes("note")[-1]))

    def on_tier(self, tier: Tier) -> None:
        self.timings["model_tier"] = self.elapsed()
        self.emit("note", "model_tier", tier=tier)

    def on_text(self, text: str) -> None:
        self.timings.setdefault("first_token", self.elapsed())
        self.emit("note", "note_text", text=text)

    def triage_input(self, source: NoteInput, draft: Draft) -> TriageInput:
        return TriageInput(
            vitals=source.vitals,
            patient=source.patient,
            complaint=source.complaint,
            transcript=source.transcript,
            findings=source.findings,
            model_tier=draft.tier if draft.note.state is NoteState.DRAFTED else None,
            note_state=draft.note.state,
            model_reads=draft.note.reason != LANGUAGE_NOT_READ,
            failures=tuple(f"{failure.stage}:{failure.code}" for failure in self.failures),
        )
