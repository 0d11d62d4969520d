"""What every note writer does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vaidya.schema import Findings, Generation, Patient, SoapNote, Tier, Transcript, Vitals

LANGUAGE_NOT_READ = "LANGUAGE_NOT_READ"  # the reason of a note for which the model was not asked
NOTE_CUT = "NOTE_CUT"  # the reason of a note that was drafted up to where the model left what was said

OnTier = Callable[[Tier], None]
OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class NoteInput:
    """Everything that a note may rest on."""

    transcript: Transcript
    findings: Findings
    vitals: Vitals
    patient: Patient
    complaint: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A note, and what its writer thinks of the urgency.

    tier: the model's tier, None when it gave none (which is not ROUTINE). generations: every request made, retries
    included. attempt: how the reply became a note: "first", "repaired", "cut" (where the model left what was said),
    "retried" or "none".
    """

    note: SoapNote
    tier: Tier | None = None
    generations: tuple[Generation, ...] = ()
    attempt: str = "none"


class NoteWriter(Protocol):
    """NoteInput -> Draft. Raises GenerationError or NoteFormatError; the pipeline then takes the extractive note."""

    prompt_version: str | None

    def write(self, source: NoteInput, *, on_tier: OnTier | None = None, on_text: OnText | None = None) -> Draft:
        """Draft a note. on_tier hears the tier as soon as it is known, later a more severe one; on_text each piece."""
        ...
