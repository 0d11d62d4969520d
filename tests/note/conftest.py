"""Inputs and replies that the note tests share; made up."""

import json

import pytest

from vaidya.config import NoteConfig
from vaidya.llm.scripted import ScriptedModel
from vaidya.note.base import NoteInput
from vaidya.note.writer import ModelNoteWriter
from vaidya.schema import Patient, Segment, Speaker, Transcript, TranscriptState, Vitals
from vaidya.testing import make_findings, make_transcript


def consultation(*lines: tuple[str, str]) -> Transcript:
    """Turns as ("P" or "C", text)."""
    who = {"P": Speaker.PATIENT, "C": Speaker.CLINICIAN, "F": Speaker.COMPANION}
    segments = tuple(
        Segment(id=i, start_s=2.0 * i, end_s=2.0 * i + 2, text=text, english=text, speaker=who[speaker])
        for i, (speaker, text) in enumerate(lines)
    )
    return Transcript(state=TranscriptState.SPEECH, language="en", segments=segments, transcriber="made-up")


def source_of(
    transcript: Transcript | None = None, vitals: Vitals | None = None, complaint: str | None = None
) -> NoteInput:
    return NoteInput(
        transcript=make_transcript() if transcript is None else transcript,
        findings=make_findings(),
        vitals=vitals or Vitals(),
        patient=Patient(),
        complaint=complaint,
    )


def reply_of(tier: str = "URGENT", **lists: list[str]) -> str:
    keys = {"s": ["Chest pain for 2 days"], "o": [], "a": [], "p": []} | lists
    return json.dumps({"t": tier, **{key: keys[key] for key in "soap"}})


def writer_of(*replies: object, **config: object) -> tuple[ModelNoteWriter, ScriptedModel]:
    model = ScriptedModel.of(list(replies))
    return ModelNoteWriter(model, NoteConfig(**config)), model


@pytest.fixture
def chest_pain() -> NoteInput:
    return source_of(
        consultation(
            ("C", "What brings you in?"),
            ("P", "I've had chest pain for two days and I take metformin 500 mg twice a day."),
            ("C", "Any fever?"),
            ("P", "No."),
            ("C", "Any allergies?"),
            ("P", "Penicillin gives me a rash."),
        )
    )
