"""One consultation: its stages in order, and what happens when one fails.

    vitals ─ preliminary tier, at once
    audio ── recording ──┬── transcript ──┐
                         └── findings  ───┴── note ── decision ── record

A stage that fails becomes a coded entry of the record; the other stages' results stay, and the decision treats what is
missing as unknown, which is never ROUTINE. Only input that leaves nothing to decide on is raised.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from vaidya.acoustic.base import Listener
from vaidya.audio import read_recording
from vaidya.config import RunConfig
from vaidya.errors import AudioNotFoundError, InputError, IntakeError, StageTimeoutError, VaidyaError, VitalsError
from vaidya.note import extractive_note, with_standing_plan
from vaidya.note.base import LANGUAGE_NOT_READ, NOTE_CUT, Draft, NoteInput, NoteWriter
from vaidya.record.assemble import assemble
from vaidya.record.bare import bare_record
from vaidya.schema import (
    AudioFlag,
    Decision,
    Failure,
    Findings,
    FindingsState,
    Intake,
    NoteState,
    Recording,
    SoapNote,
    StageEvent,
    Tier,
    Transcript,
    TranscriptState,
    TriageRecord,
    WeightsUsed,
)
from vaidya.schema.event import EventKind
from vaidya.schema.record import StageName
from vaidya.transcript.base import Transcriber
from vaidya.transcript.from_text import transcript_from_text
from vaidya.triage import TriageInput, asking, decide, preliminary, undecided

T = TypeVar("T")
OnEvent = Callable[[StageEvent], None]


class Component(Generic[T]):
    """A part that is loaded once, on first use, by whichever thread comes first.

    `in_use` is held while it works: an engine that still works on a consultation that timed out gets no other one.
    """

    def __init__(self, make: Callable[[], T], loaded: T | None = None) -> None:
        self._make = make
        self._loading = threading.Lock()
        self.loaded = loaded
        self.in_use = threading.Lock()

    def get(self) -> T:
        """The part, loaded now if it was not."""
        with self._loading:
            if self.loaded is None:
                self.loaded = self._make()
            return self.loaded


class Engines(Protocol):
    """The loaded parts that a consultation uses; `vaidya.pipeline.Pipeline` holds them."""

    config: RunConfig
    transcriber: Component[Transcriber]
    listener: Component[Listener]
    writer: Component[NoteWriter]

    @property
    def weights(self) -> tuple[WeightsUsed, ...]:
        """The weights of every loaded part."""
        ...

    def warm(self) -> None:
        """Load the writer and have its model read the prompt's fixed part; it never fails."""
        ...


def beside(work: Callable[[], T], name: str) -> "Future[T]":
    """Work in a thread that nobody waits for at exit: an engine that hangs must not keep the process alive."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name=f"vaidya-{name}").start()
    return future


class Consultation:
    """The state of one run: its clock, its failures, its events."""

    def __init__(self, engines: Engines, intake: Intake, on_event: OnEvent | None) -> None:
        self.engines = engines
        self.config = engines.config
        self.intake = intake
        self.on_event = on_event
        self.began = time.perf_counter()
        self.failures: list[Failure] = []
        self.timings: dict[str, float] = {}
        self.model_tier: Tier | None = None

    def run(self) -> TriageRecord:
        """Every stage in order; see `vaidya.pipeline.Pipeline.run`."""
        if self.intake.audio is None and not self.intake.tells:
            raise IntakeError("nothing was given: a recording, a complaint or at least one vital sign is needed")
        for why in self.intake.refused:
            self._fail("intake", VitalsError(why))
        early = self._guarded("triage", self._preliminary_tier)
        recording = self._read()
        transcript, findings = self._hear(recording)
        source = NoteInput(transcript, findings, self.intake.vitals, self.intake.patient, self.intake.complaint)
        draft = self._write(source)
        decision = self._decide(early, self._triage_input(source, draft, recording))
        note = self._guarded("note", lambda: with_standing_plan(draft.note, decision.tier)) or draft.note
        record = self._record(recording, source, replace(draft, note=note), decision)
        self._emit("record", "done", record=record)
        return record

    def _elapsed(self) -> float:
        return time.perf_counter() - self.began

    def _emit(self, stage: StageName, kind: EventKind, **details: Any) -> None:
        if self.on_event is not None:
            self.on_event(StageEvent(stage=stage, kind=kind, at_s=self._elapsed(), **details))

    def _timed(self, stage: StageName, work: Callable[[], T]) -> T:
        self._emit(stage, "started")
        start = time.perf_counter()
        try:
            result = work()
        finally:
            self.timings[stage] = time.perf_counter() - start
        self._emit(stage, "finished")
        return result

    def _guarded(self, stage: StageName, work: Callable[[], T]) -> T | None:
        """The result, or None and a coded entry: no step may lose what the others found."""
        try:
            return work()
        except Exception as error:
            self._fail(stage, error)
        return None

    def _fail(self, stage: StageName, error: Exception) -> None:
        known = isinstance(error, VaidyaError)
        # An unexpected error's text may quote its input; only its type is safe to keep.
        message = str(error) if known else f"unexpected {type(error).__name__} in the {stage} stage"
        self.failures.append(Failure(stage=stage, code=error.code if known else "INTERNAL", message=message))  # type: ignore[attr-defined]
        self._emit(stage, "failed", code=self.failures[-1].code)

    def _preliminary_tier(self) -> Tier | None:
        tier = preliminary(self.intake.vitals, self.intake.patient, self.intake.complaint, self.config.triage)
        self.timings["preliminary"] = self._elapsed()
        self._emit("triage", "preliminary_tier", tier=tier)
        return tier

    def _read(self) -> Recording | None:
        audio = self.intake.audio
        if audio is None:
            return None
        try:
            return self._timed("audio", lambda: read_recording(audio, self.config.audio))
        except AudioNotFoundError:
            raise
        except InputError as error:
            if not self.intake.tells:
                raise
            self._fail("audio", error)
        except Exception as error:  # a coded entry, not a lost consultation
            self._fail("audio", error)
        return None

    def _hear(self, recording: Recording | None) -> tuple[Transcript, Findings]:
        """Words and other sounds, side by side."""
        if recording is None:
            return self._unheard_transcript(), self._unheard_findings()
        if self.engines.writer.loaded is None:
            beside(self.engines.warm, "warm")  # a new process loads its language model while it listens
        words = beside(lambda: self._transcribe(recording), "transcript")
        sounds = beside(lambda: self._listen(recording), "acoustic")
        transcript = self._within("transcript", words, self.config.transcript.timeout_s)
        findings = self._within("acoustic", sounds, self.config.acoustic.timeout_s)
        return transcript or self._unheard_transcript(), findings or self._unheard_findings()

    def _transcribe(self, recording: Recording) -> Transcript:
        if self.intake.transcript is not None:
            return transcript_from_text(self.intake.transcript, self.intake.language)
        engine = self.engines.transcriber.get()
        with self.engines.transcriber.in_use:
            return self._timed("transcript", lambda: engine.transcribe(recording, self.intake.language))

    def _listen(self, recording: Recording) -> Findings:
        engine = self.engines.listener.get()
        with self.engines.listener.in_use:
            return self._timed("acoustic", lambda: engine.listen(recording))

    def _within(self, stage: StageName, work: "Future[T]", limit_s: float) -> T | None:
        try:
            return work.result(timeout=limit_s)
        except TimeoutError:
            self._fail(stage, StageTimeoutError(f"the {stage} stage did not finish within {limit_s:g} s"))
        except Exception as error:  # a coded entry, not a lost consultation
            self._fail(stage, error)
        return None

    def _unheard_transcript(self) -> Transcript:
        """No words: because there was no recording, because text was given instead, or because a stage failed."""
        if self.intake.transcript is not None:
            return transcript_from_text(self.intake.transcript, self.intake.language)
        if self.intake.audio is None:
            return Transcript(state=TranscriptState.NO_SPEECH, reasons=("NO_AUDIO",), transcriber="none")
        return Transcript(state=TranscriptState.FAILED, reasons=self._codes("audio", "transcript"), transcriber="none")

    def _unheard_findings(self) -> Findings:
        state = FindingsState.NO_AUDIO if self.intake.audio is None else FindingsState.FAILED
        return Findings(state=state, encoder="none", weight=0.0, weight_reason="nothing was listened to")

    def _codes(self, *stages: StageName) -> tuple[str, ...]:
        return tuple(failure.code for failure in self.failures if failure.stage in stages)

    def _write(self, source: NoteInput) -> Draft:
        """The model's note, or the extractive one with the reason why; without even that, an abstained one."""
        reason, asked = source.transcript.state.value, ()
        if source.transcript.has_words:
            try:
                return self._drafted(source)
            except Exception as error:  # the extractive note stands in, and a person is asked
                self._fail("note", error)
                asked = getattr(error, "generations", ())
            reason = self._codes("note")[-1]
        note = self._guarded("note", lambda: extractive_note(source, reason))
        # A failed note's tier is kept where it is more severe than what the failure itself demands.
        tier = self.model_tier if self.model_tier is Tier.EMERGENCY else None
        note = note or SoapNote(state=NoteState.ABSTAINED, reason=self._codes("note")[-1])
        return Draft(note=note, tier=tier, generations=asked)

    def _drafted(self, source: NoteInput) -> Draft:
        writer = self.engines.writer.get()
        with self.engines.writer.in_use:
            return self._timed("note", lambda: writer.write(source, on_tier=self._on_tier, on_text=self._on_text))

    def _on_tier(self, tier: Tier) -> None:
        self.model_tier = tier
        self.timings.setdefault("model_tier", self._elapsed())
        self._emit("note", "model_tier", tier=tier)

    def _on_text(self, text: str) -> None:
        self.timings.setdefault("first_token", self._elapsed())
        self._emit("note", "note_text", text=text)

    def _triage_input(self, source: NoteInput, draft: Draft, recording: Recording | None) -> TriageInput:
        return TriageInput(
            vitals=source.vitals,
            patient=source.patient,
            complaint=source.complaint,
            transcript=source.transcript,
            findings=source.findings,
            model_tier=draft.tier,
            note_state=draft.note.state,
            model_reads=draft.note.reason != LANGUAGE_NOT_READ,
            note_cut=draft.note.reason == NOTE_CUT,
            truncated=recording is not None and AudioFlag.TRUNCATED in recording.info.flags,
            failures=self._failed(),
        )

    def _failed(self) -> tuple[str, ...]:
        return tuple(f"{failure.stage}:{failure.code}" for failure in self.failures)

    def _decide(self, early: Tier | None, evidence: TriageInput) -> Decision:
        """The decision; where the rules themselves fail, what is known without them, and a person."""
        decision = self._guarded("triage", lambda: self._timed("triage", lambda: decide(evidence, self.config.triage)))
        return decision or undecided(early, evidence.model_tier, self._failed())

    def _record(self, recording: Recording | None, source: NoteInput, draft: Draft, decision: Decision) -> TriageRecord:
        """The record; where its provenance cannot be put together, the results without it."""
        self.timings["total"] = self._elapsed()
        parts: dict[str, Any] = {
            "recording": recording,
            "transcript": source.transcript,
            "findings": source.findings,
            "note": draft.note,
        }
        timings = dict(self.timings)  # a late thread may still write
        weights = self.engines.weights
        record = self._guarded(
            "record",
            lambda: assemble(
                self.intake,
                self.config,
                **parts,
                draft=draft,
                weights=weights,
                timings=timings,
                decision=asking(decision, self._failed()),
                failures=tuple(self.failures),
            ),
        )
        if record is not None:
            return record
        return bare_record(
            self.intake,
            self.config,
            **parts,
            decision=asking(decision, self._failed()),
            failures=tuple(self.failures),
        )
