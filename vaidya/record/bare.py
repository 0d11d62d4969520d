"""The record of a consultation whose provenance could not be put together: the results must not be lost with it."""

import uuid

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.schema import (
    Decision,
    Failure,
    Findings,
    Hardware,
    Intake,
    Provenance,
    Recording,
    SoapNote,
    Transcript,
    TriageRecord,
)

UNKNOWN = "unknown"


def bare_record(  # noqa: PLR0913 - a record has this many parts
    intake: Intake,
    config: RunConfig,
    *,
    recording: Recording | None,
    transcript: Transcript,
    findings: Findings,
    note: SoapNote,
    decision: Decision,
    failures: tuple[Failure, ...],
) -> TriageRecord:
    """What was found and decided, under a random id; version and machine are marked as unknown."""
    return TriageRecord(
        record_id=uuid.uuid4().hex[:16],
        patient=intake.patient,
        vitals=intake.vitals,
        complaint=intake.complaint,
        recording=recording.info if recording else None,
        transcript=transcript,
        findings=findings,
        note=note,
        decision=decision,
        failures=failures,
        provenance=Provenance(
            vaidya_version=UNKNOWN,
            profile=config.profile,
            config_digest=UNKNOWN,
            prompt_version=note.prompt_version,
            hardware=Hardware(cpu=UNKNOWN, cores=1, memory_gb=1.0),
            created_at=provenance.now(),
        ),
    )
