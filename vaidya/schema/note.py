"""The SOAP note: four lists of statements, each with its evidence."""

import enum
import re
from typing import Annotated, Literal

from pydantic import Field

from vaidya.schema.base import Contract

SectionName = Literal["subjective", "objective", "assessment", "plan"]
SECTIONS: tuple[SectionName, ...] = ("subjective", "objective", "assessment", "plan")

# What a statement may rest on: a segment by number, a vital by field name, a finding, the complaint, a rule.
EVIDENCE_PATTERN = re.compile(
    r"^(segment:\d+|vital:[a-z0-9_]+|finding:[a-z_]+(:\d+)?|complaint|patient:[a-z]+|rule:[a-z0-9_.-]+)$"
)
Evidence = Annotated[str, Field(pattern=EVIDENCE_PATTERN.pattern)]


class NoteState(enum.Enum):
    """DRAFTED by a model; EXTRACTIVE is the fallback copied from the input; ABSTAINED holds no statement on speech."""

    DRAFTED = "DRAFTED"
    EXTRACTIVE = "EXTRACTIVE"
    ABSTAINED = "ABSTAINED"


class Origin(enum.Enum):
    """Where a statement's words come from."""

    MODEL = "model"
    ADDED = "added"  # found by a deterministic extractor, left out by the model
    MEASURED = "measured"  # a vital sign or a sound finding, written by code
    QUOTED = "quoted"  # copied from the transcript or the complaint
    STANDING = "standing"  # the tier's standing actions


class Statement(Contract):
    """One sentence of the note. Unsupported ones are kept and marked, with `flags` saying what does not fit."""

    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    evidence: tuple[Evidence, ...] = ()
    supported: bool
    origin: Origin = Origin.MODEL
    flags: tuple[str, ...] = ()


class SoapNote(Contract):
    """Subjective, objective, assessment and plan; `reason` says why it is not DRAFTED, or not whole, as a code."""

    state: NoteState
    subjective: tuple[Statement, ...] = ()
    objective: tuple[Statement, ...] = ()
    assessment: tuple[Statement, ...] = ()
    plan: tuple[Statement, ...] = ()
    withheld: tuple[Statement, ...] = ()  # unsupported and unsafe to act on; shown apart, never in plan or assessment
    reason: str | None = None
    prompt_version: str | None = None

    def section(self, name: SectionName) -> tuple[Statement, ...]:
        """One of the four lists."""
        return getattr(self, name)

    def statements(self) -> tuple[tuple[SectionName, Statement], ...]:
        """Every statement with its section, in order."""
        return tuple((name, statement) for name in SECTIONS for statement in self.section(name))

    def text(self) -> str:
        """Plain text, a heading a section, as lexical metrics read it."""
        blocks = (f"{name.upper()}\n" + "\n".join(s.text for s in self.section(name)) for name in SECTIONS)
        return "\n\n".join(blocks)
