"""One consultation, measured from outside: the pipeline's own events, the engines' work, what the machine spent."""

import time
from dataclasses import dataclass

from vaidya.bench.engines import EngineClock
from vaidya.bench.machine import Usage, measured
from vaidya.pipeline import Pipeline
from vaidya.schema import Intake, NoteState, SoapNote, StageEvent, TriageRecord

PIPELINE_ARM = "vaidya"


@dataclass(frozen=True, slots=True)
class Reading:
    """Times in seconds from the moment at which the pipeline got the consultation.

    stages: wall seconds by stage, with `total`. first_tier_s: the vitals' tier was known. model_tier_s: the model's
    tier stood in the reply. first_token_s: its first token. pieces_s: when each piece of the reply arrived.
    note_start_s: when the model was asked. engines_s: critical path of the engines. tokens: sums over the note's
    requests. Whatever an arm has not is None or empty.
    """

    arm: str
    note: SoapNote | None
    usage: Usage
    stages: dict[str, float]
    tokens: dict[str, float]
    engines_s: float
    audio_s: float
    first_tier_s: float | None = None
    model_tier_s: float | None = None
    first_token_s: float | None = None
    note_start_s: float | None = None
    pieces_s: tuple[float, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def total_s(self) -> float:
        """From the recording to the finished record."""
        return self.stages["total"]

    @property
    def overhead_share(self) -> float:
        """Share of the time in which no engine worked: what the pipeline itself adds, in [0, 1]."""
        return max(0.0, self.total_s - self.engines_s) / self.total_s

    @property
    def model_tier_share(self) -> float | None:
        """How far into the note's time the model's tier was known, in [0, 1]."""
        if self.model_tier_s is None or self.note_start_s is None or not self.stages.get("note"):
            return None
        return (self.model_tier_s - self.note_start_s) / self.stages["note"]

    @property
    def drafted(self) -> bool:
        """Whether the model's own note came out, not the fallback."""
        return self.note is not None and self.note.state is NoteState.DRAFTED

    def prompt_tokens_per_s(self) -> float | None:
        """Prompt tokens that were read, not taken from the cache, per second until the first token."""
        read = self.tokens.get("tokens_in", 0.0) - self.tokens.get("tokens_cached", 0.0)
        seconds = self.tokens.get("ttft_s")
        return read / seconds if read > 0 and seconds else None

    def decode_tokens_per_s(self) -> float | None:
        """Tokens after each request's first, per second."""
        written = self.tokens.get("tokens_out", 0.0) - self.tokens.get("requests", 1.0)
        seconds = self.tokens.get("decode_s")
        return written / seconds if written > 0 and seconds else None

    def inter_token_s(self) -> list[float]:
        """Seconds between one piece of the reply and the next."""
        return [after - before for before, after in zip(self.pieces_s[:-1], self.pieces_s[1:], strict=True)]


class _Listener:
    """Keeps the moments that the pipeline reports."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.pieces: list[float] = []

    def __call__(self, event: StageEvent) -> None:
        if event.kind == "note_text":
            self.pieces.append(event.at_s)
        name = f"{event.stage}:{event.kind}"
        self.seen.setdefault(name, event.at_s)


def read_consultation(pipeline: Pipeline, intake: Intake, clock: EngineClock, arm: str = PIPELINE_ARM) -> Reading:
    """Run one consultation and read everything off it. The clock must be running."""
    listener = _Listener()
    with measured() as usage:
        start = time.perf_counter()
        record = pipeline.run(intake, listener)
        stop = time.perf_counter()
    return _reading(record, listener, usage, arm, stop - start, clock.busy_s(start, stop))


def _reading(
    record: TriageRecord, listener: _Listener, usage: Usage, arm: str, total_s: float, engines_s: float
) -> Reading:
    stages = {name: seconds for name, seconds in record.timings.items() if name in _STAGES}
    return Reading(
        arm=arm,
        note=record.note,
        usage=usage,
        stages={**stages, "total": total_s},
        tokens=dict(record.tokens),
        engines_s=engines_s,
        audio_s=record.recording.duration_s if record.recording else 0.0,
        first_tier_s=listener.seen.get("triage:preliminary_tier"),
        model_tier_s=listener.seen.get("note:model_tier"),
        first_token_s=listener.pieces[0] if listener.pieces else None,
        note_start_s=listener.seen.get("note:started"),
        pieces_s=tuple(listener.pieces),
        failures=tuple(failure.code for failure in record.failures),
    )


_STAGES = ("audio", "transcript", "acoustic", "note", "triage")
