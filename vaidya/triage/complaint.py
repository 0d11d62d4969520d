"""The floor that the complaint sets."""

from vaidya.schema import Reason
from vaidya.triage.evidence import TriageInput


def complaint_reasons(evidence: TriageInput) -> tuple[Reason, ...]:
    """Floors from the complaint."""
    return ()
