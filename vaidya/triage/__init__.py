"""Vitals, red flags, complaint, the model's tier and earned sound -> Decision.

Nothing lowers a tier; unknown is never ROUTINE.
"""

from vaidya.triage.complaint import complaints
from vaidya.triage.decide import asking, decide, preliminary, undecided
from vaidya.triage.evidence import TriageInput
from vaidya.triage.lexicon import candidates
from vaidya.triage.red_flags import red_flags

__all__ = ["TriageInput", "asking", "decide", "preliminary", "undecided", "warm_up"]


def warm_up() -> None:
    """Read the rule and phrase files now, so that the first patient does not wait for them."""
    red_flags()
    complaints()
    candidates("")
