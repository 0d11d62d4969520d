"""What arrives with a patient."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.patient import Patient
from vaidya.schema.vitals import Vitals


class Intake(Contract):
    """One consultation before anything was computed; every field optional, but not all of them missing.

    audio: a file's path or its bytes.
    language: the spoken language as an ISO 639-1 code, when known; otherwise it is detected.
    complaint: the chief complaint as somebody wrote it down, any language.
    transcript: what was said, one turn a line, for text-only data sets; it replaces the transcript stage.
    refused: why each vital sign was left out that was given and cannot be; a person is asked.
    """

    audio: Path | bytes | None = Field(default=None, repr=False)
    vitals: Vitals = Vitals()
    patient: Patient = Patient()
    language: Annotated[str | None, Field(pattern=r"^[a-z]{2,3}$")] = None
    complaint: Annotated[str | None, Field(max_length=4_000, repr=False)] = None
    transcript: Annotated[str | None, Field(max_length=200_000, repr=False)] = None
    refused: tuple[str, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether it holds anything to decide on beside a recording: who somebody is says nothing of how they are."""
        words = (self.complaint or "", self.transcript or "")
        return bool(self.vitals.measured() or any(text.strip() for text in words))
