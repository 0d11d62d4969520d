"""What was said, in the patient's language and in English, and whether it can be relied on."""

import enum
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract

Seconds = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]


class TranscriptState(enum.Enum):
    """SPEECH may be drafted from; UNRELIABLE is shown to a person only; NO_SPEECH and FAILED hold no words."""

    SPEECH = "SPEECH"
    NO_SPEECH = "NO_SPEECH"
    UNRELIABLE = "UNRELIABLE"
    FAILED = "FAILED"


class Speaker(enum.Enum):
    """Who speaks, where it is known."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    COMPANION = "companion"


class Word(Contract):
    """One word of the native pass with its times."""

    start_s: Seconds
    end_s: Seconds
    text: str
    probability: Probability


class Segment(Contract):
    """A stretch of speech.

    text: native language and script. english: its English; equal to `text` for English speech, None when not
    translated. Times come from the native pass. flags: reasons to doubt this segment (`GATES` of the transcriber).
    """

    id: Annotated[int, Field(ge=0)]
    start_s: Seconds
    end_s: Seconds
    text: str
    english: str | None = None
    speaker: Speaker | None = None
    words: tuple[Word, ...] = ()
    avg_logprob: float | None = None
    no_speech_probability: Probability | None = None
    compression_ratio: float | None = None
    flags: tuple[str, ...] = ()


class Transcript(Contract):
    """All segments in order, the language with its probability, and a state with its reasons (codes, not prose)."""

    state: TranscriptState
    reasons: tuple[str, ...] = ()
    language: str | None = None
    language_probability: Probability | None = None
    segments: tuple[Segment, ...] = ()
    transcriber: str

    @property
    def has_words(self) -> bool:
        """Whether a note may be drafted from it."""
        return self.state is TranscriptState.SPEECH and bool(self.segments)

    def text(self) -> str:
        """The native text, one segment a line."""
        return "\n".join(segment.text for segment in self.segments)

    def english(self) -> str:
        """The English text, one segment a line; a segment without English gives its native text."""
        return "\n".join(segment.english or segment.text for segment in self.segments)
