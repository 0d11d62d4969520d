"""The prototype's way through a consultation, with the same models: what `seed_ratio` is measured against.

The whole file is heard at once, greedily, translated only; then the sounds; then one prompt that no cache has seen,
whose reply is as long as the model likes, up to the 512 tokens that the prototype's production allowed, and is read
when it has ended. Nothing runs beside anything else, nothing is known before the end.
"""

import json
import time
from typing import Any

import json_repair

from vaidya.audio import read_recording
from vaidya.bench.consultation import Consultation
from vaidya.bench.engines import EngineClock
from vaidya.bench.machine import measured
from vaidya.bench.reading import Reading
from vaidya.config import RunConfig
from vaidya.errors import GenerationError
from vaidya.pipeline import Pipeline
from vaidya.schema import SECTIONS, Generation, Message, NoteState, SoapNote, Statement, Vitals
from vaidya.weights import resolve

ARM = "peer:seed"
MAX_TOKENS = 512
_SYSTEM = (
    "You are an expert clinical documentation assistant. Read the consultation and the vital signs and write a "
    "complete SOAP note and a triage decision. Reply with one JSON object with the keys subjective, objective, "
    "assessment, plan, red_flags, triage_level and triage_reason. The first four are paragraphs, red_flags is a list "
    "of strings, triage_level is EMERGENCY, URGENT, SEMI-URGENT or ROUTINE. Reply with JSON only."
)
_EXAMPLE = "Transcript: I have had a cough for three days.\nVitals: temperature 37.2"
_EXAMPLE_REPLY = json.dumps(
    {
        "subjective": "The patient reports a cough for three days.",
        "objective": "Temperature 37.2.",
        "assessment": "Cough of three days.",
        "plan": "To be decided by the clinician.",
        "red_flags": [],
        "triage_level": "ROUTINE",
        "triage_reason": "No red flag was reported.",
    }
)


class SeedWay:
    """Runs consultations the prototype's way with the models that a pipeline has loaded, and its own whisper model."""

    def __init__(self, pipeline: Pipeline) -> None:
        from faster_whisper import WhisperModel

        config = pipeline.config.transcript
        self._pipeline = pipeline
        self._whisper = WhisperModel(
            str(resolve(config.weights).folder),
            device=config.device,
            compute_type=config.compute_type,
            cpu_threads=config.threads,
        )

    def read(self, consultation: Consultation, clock: EngineClock) -> Reading:
        """One consultation, one stage after the other."""
        marks: dict[str, float] = {}
        with measured() as usage:
            start = time.perf_counter()
            english = _timed(marks, "transcript", lambda: self._hear(consultation))
            _timed(marks, "acoustic", lambda: self._listen(consultation, self._pipeline.config))
            reply = _timed(marks, "note", lambda: self._write(english, consultation.case.vitals))
            note = parse(reply.text) if isinstance(reply, Generation) else None
            stop = time.perf_counter()
        return Reading(
            arm=ARM,
            note=note,
            usage=usage,
            stages={**marks, "total": stop - start},
            tokens=_tokens(reply) if isinstance(reply, Generation) else {},
            engines_s=clock.busy_s(start, stop),
            audio_s=consultation.duration_s,
            first_tier_s=stop - start,
            model_tier_s=stop - start,
            note_start_s=marks["transcript"] + marks["acoustic"],
            failures=() if isinstance(reply, Generation) else (reply.code,),
        )

    def _hear(self, consultation: Consultation) -> str:
        segments, _ = self._whisper.transcribe(str(consultation.path), task="translate", beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)

    def _listen(self, consultation: Consultation, config: RunConfig) -> Any:
        # It decoded the file a second time for the sounds.
        return self._pipeline.listener.get().listen(read_recording(consultation.path, config.audio))

    def _write(self, english: str, vitals: Vitals) -> Generation | GenerationError:
        """The reply; a failure, after the time that it took, is a result too."""
        measured_values = ", ".join(
            f"{name} {value}" for name, value in vitals.model_dump().items() if value is not None
        )
        messages = [
            Message(role="system", content=_SYSTEM),
            Message(role="user", content=_EXAMPLE),
            Message(role="assistant", content=_EXAMPLE_REPLY),
            Message(role="user", content=f"Transcript: {english}\nVitals: {measured_values}"),
        ]
        try:
            return self._pipeline.model.get().generate(messages, max_tokens=MAX_TOKENS)
        except GenerationError as error:
            return error


def parse(text: str) -> SoapNote | None:
    """The reply as a note, one statement a sentence; None when no section can be read."""
    found = json_repair.loads(text[text.find("{") :] if "{" in text else text)
    if not isinstance(found, dict):
        return None
    sections: dict[str, Any] = {name: _statements(found.get(name)) for name in SECTIONS}
    return SoapNote(state=NoteState.DRAFTED, **sections) if any(sections.values()) else None


def _statements(value: object) -> tuple[Statement, ...]:
    lines = value if isinstance(value, list) else [value]
    texts = [part.strip() for line in lines if line for part in str(line).split(". ")]
    return tuple(Statement(text=text[:2000], supported=False) for text in texts if text)


def _timed(marks: dict[str, float], name: str, work: Any) -> Any:
    start = time.perf_counter()
    result = work()
    marks[name] = time.perf_counter() - start
    return result


def _tokens(reply: Generation) -> dict[str, float]:
    names = ("tokens_in", "tokens_cached", "tokens_out", "ttft_s", "decode_s")
    return {"requests": 1.0, **{n: float(v) for n in names if (v := getattr(reply, n)) is not None}}
