"""The contract: one file per noun, in the order in which data flows. Read this first.

What holds arrays is a frozen slotted dataclass; what crosses a file or a wire is a frozen strict pydantic model.
"""

from vaidya.schema.case import Case, Fact, Turn
from vaidya.schema.decision import Decision, News2, Reason, Source
from vaidya.schema.event import StageEvent
from vaidya.schema.findings import (
    Findings,
    FindingsState,
    ProbeSignal,
    SoundEvent,
    SoundLabel,
    SoundWindow,
)
from vaidya.schema.generation import FinishReason, Generation, Message, Token
from vaidya.schema.intake import Intake
from vaidya.schema.note import SECTIONS, NoteState, Origin, SectionName, SoapNote, Statement
from vaidya.schema.patient import Patient, Sex
from vaidya.schema.record import Failure, Hardware, Provenance, TriageRecord, WeightsUsed
from vaidya.schema.recording import AudioFlag, Clip, Recording, RecordingInfo
from vaidya.schema.tier import Tier
from vaidya.schema.transcript import Segment, Speaker, Transcript, TranscriptState, Word
from vaidya.schema.vitals import Consciousness, Vitals

__all__ = [
    "SECTIONS",
    "AudioFlag",
    "Case",
    "Clip",
    "Consciousness",
    "Decision",
    "Fact",
    "Failure",
    "Findings",
    "FindingsState",
    "FinishReason",
    "Generation",
    "Hardware",
    "Intake",
    "Message",
    "News2",
    "NoteState",
    "Origin",
    "Patient",
    "ProbeSignal",
    "Provenance",
    "Reason",
    "Recording",
    "RecordingInfo",
    "SectionName",
    "Segment",
    "Sex",
    "SoapNote",
    "SoundEvent",
    "SoundLabel",
    "SoundWindow",
    "Source",
    "Speaker",
    "StageEvent",
    "Statement",
    "Tier",
    "Token",
    "Transcript",
    "TranscriptState",
    "TriageRecord",
    "Turn",
    "Vitals",
    "WeightsUsed",
    "Word",
]
