"""How a case of an evaluation enters the pipeline, and what comes of it.

Small on purpose: finished cases are kept under a digest of this file, and only a change here need make them anew.
"""

from collections.abc import Sequence

from vaidya.corpora import audio_path
from vaidya.errors import ConfigError, VaidyaError, WeightsError, by_code
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.suite import Entry
from vaidya.pipeline import Pipeline
from vaidya.schema import Case, Intake, TriageRecord, Turn

# What is wrong with the machine or the settings is wrong for every case: an evaluation stops, since a fallback in the
# model's place would be judged under its name.
SET_UP = (ConfigError, WeightsError)


def enter(case: Case, entry: Entry, pipeline: Pipeline) -> Outcome:
    """Run one case; a case that cannot be run is an outcome with its code.

    Raises:
        ConfigError, WeightsError: a backend, its library or its weights are not here.
    """
    try:
        if case.section_header is not None:
            return Outcome(case, section=pipeline.write_section(as_text(case.turns), case.section_header))
        record = pipeline.run(intake_of(case, entry))
    except SET_UP:
        raise
    except VaidyaError as error:
        return Outcome(case, reason=error.code)
    _stop_at_set_up(record)
    return Outcome(case, record=record)


def _stop_at_set_up(record: TriageRecord) -> None:
    for failure in record.failures:
        kind = by_code(failure.code)
        if issubclass(kind, SET_UP):
            raise kind(failure.message)


def intake_of(case: Case, entry: Entry) -> Intake:
    """How a case enters the pipeline; `auto` takes the recording, else the turns, else the complaint.

    A recording without speech has no turns to stand in for it, so it enters as itself whatever the entry.
    """
    by_sound = entry in ("auto", "audio") or (entry in ("gold", "english") and not case.turns)
    audio = audio_path(case) if by_sound else None
    turns = case.turns if entry in ("gold", "english") or (entry == "auto" and audio is None) else ()
    return Intake(
        audio=audio,
        vitals=case.vitals,
        patient=case.patient,
        language="en" if entry == "english" else (case.language if turns else None),
        complaint=case.complaint,
        transcript=as_text(turns, english=entry == "english") or None,
    )


def as_text(turns: Sequence[Turn], *, english: bool = False) -> str:
    """One turn a line with its speaker, as `vaidya.transcript.from_text` reads it."""
    spoken = ((turn, (turn.english if english else None) or turn.text) for turn in turns)
    return "\n".join(text if turn.speaker == "unknown" else f"{turn.speaker}: {text}" for turn, text in spoken)
