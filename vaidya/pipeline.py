"""The models of a configuration, loaded once, and the consultations that they take part in (`vaidya.consultation`)."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vaidya.acoustic.base import Listener, load_listener
from vaidya.config import RunConfig, load_profile
from vaidya.consultation import Component, Consultation, OnEvent
from vaidya.errors import VaidyaError
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note import load_note_writer
from vaidya.note.base import NoteWriter
from vaidya.record.assemble import make_intake
from vaidya.schema import Intake, Patient, StageEvent, TriageRecord, Vitals, WeightsUsed
from vaidya.transcript.base import Transcriber, load_transcriber
from vaidya.triage import warm_up


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
        self.transcriber = Component(lambda: load_transcriber(config.transcript), transcriber)
        self.listener = Component(lambda: load_listener(config.acoustic), listener)
        self.model = Component(lambda: load_language_model(config.llm), model)
        self.section_model = Component(lambda: load_language_model(config.section_llm or config.llm), section_model)
        self.writer = Component(self._make_writer, writer)

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
            InputError: a value cannot be, or nothing usable was given. An impossible vital beside other evidence is an
                entry of the record instead.
        """
        return self.run(make_intake(audio, vitals=vitals, patient=patient, language=language, complaint=complaint))

    def run(self, intake: Intake, on_event: OnEvent | None = None) -> TriageRecord:
        """One consultation; on_event hears every step, from this and from worker threads.

        Raises:
            InputError: the recording is unusable and nothing else was given, or there is no such file.
        """
        return Consultation(self, intake, on_event).run()

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
