"""Vitals, red flags, complaint, the model's tier and earned sound -> Decision.

Nothing lowers a tier; unknown is never ROUTINE.
"""

from vaidya.triage.decide import decide, preliminary
from vaidya.triage.evidence import TriageInput

__all__ = ["TriageInput", "decide", "preliminary"]
