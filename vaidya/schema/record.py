"""The record of one triaged consultation: enough to review it, and enough to reproduce it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.decision import Decision
from vaidya.schema.findings import Findings
from vaidya.schema.note import SoapNote
from vaidya.schema.patient import Patient
from vaidya.schema.recording import RecordingInfo
from vaidya.schema.tier import Tier
from vaidya.schema.transcript import Transcript
from vaidya.schema.vitals import Vitals

SCHEMA_VERSION: Literal["1"] = "1"
StageName = Literal["intake", "audio", "transcript", "acoustic", "note", "triage", "record"]


class Failure(Contract):
    """A stage that failed: its code, and a message without anything that a patient said."""

    stage: StageName
    code: str
    message: str


class WeightsUsed(Contract):
    """Whose weights ran: the name in the registry of weights, the file's sha256 and where it came from."""

    name: str
    sha256: str
    origin: str


class Hardware(Contract):
    """The machine, as far as it explains a latency."""

    cpu: str
    cores: Annotated[int, Field(gt=0)]
    memory_gb: Annotated[float, Field(gt=0)]
    accelerator: str | None = None


class Provenance(Contract):
    """What made this record. git_commit is None outside a checkout; dirty means uncommitted changes."""

    vaidya_version: str
    schema_version: str = SCHEMA_VERSION
    profile: str
    config_digest: str
    prompt_version: str | None = None
    weights: tuple[WeightsUsed, ...] = ()
    git_commit: str | None = None
    dirty: bool | None = None
    hardware: Hardware
    created_at: str


class TriageRecord(Contract):
    """Everything about one consultation. record_id: digest of the intake and the configuration, so it repeats.

    timings: seconds by stage, wall clock, with `total`; `preliminary` is when the vitals tier was known.
    model_tier_probabilities: the language model's share of each tier; empty where its engine gave none. It is not
    calibrated: it is kept to be judged (eval/cards/expected_calibration_error.md), decides nothing, stands on no page.
    """

    record_id: str
    patient: Patient
    vitals: Vitals
    complaint: Annotated[str | None, Field(repr=False)] = None
    recording: RecordingInfo | None = None
    transcript: Transcript
    findings: Findings
    note: SoapNote
    decision: Decision
    failures: tuple[Failure, ...] = ()
    provenance: Provenance
    timings: dict[str, float] = {}
    tokens: dict[str, float] = {}
    model_tier_probabilities: dict[Tier, Annotated[float, Field(ge=0, le=1)]] = {}

    def show(self, audio: str | Path | bytes | None = None) -> Any:
        """The page with a player at each segment; a record holds no sound, so it is given again: its path or bytes.

        Raises:
            AudioError: it cannot be read, or it is another recording.
        """
        from importlib import import_module

        return import_module("vaidya.record.html").with_sound(self, audio)

    def _repr_html_(self) -> str:
        """The page that a notebook shows; everything in it is escaped."""
        from importlib import import_module

        return import_module("vaidya.record.html").page(self)

    def __str__(self) -> str:
        return f"TriageRecord({self.record_id}, {self.decision.tier.value})"
