"""The floor that the complaint sets, for those whose words raise no red flag. Rules: `complaints.yaml`.

Pain and the level of consciousness belong here: both are part of the presentation in every complaint-based scale.
"""

from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from vaidya.schema import Consciousness, Reason, Source, Tier, Vitals
from vaidya.triage.rules import Alternatives, alternatives, evidence_of, read_rules
from vaidya.triage.signs import Signs

# CTAS level of consciousness: V is about GCS 13, P 8, U 3; below 14 is level 2, below 9 level 1. New confusion (C)
# stays with NEWS2.
NOT_ALERT = frozenset({Consciousness.VOICE, Consciousness.PAIN, Consciousness.UNRESPONSIVE})
SEVERE_PAIN = 8.0  # CTAS pain scale; of an unknown place it counts as peripheral


class _Complaint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    meaning: str
    source: str
    when: str
    pain: dict[int, Tier] = {}
    chronic: dict[int, Tier] = {}


class _ComplaintsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    complaints: dict[str, _Complaint]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One group of complaints. pain, chronic: the tier from each pain score on, in recent and in old complaints."""

    name: str
    tier: Tier
    meaning: str
    source: str
    when: Alternatives
    pain: dict[int, Tier]
    chronic: dict[int, Tier]

    def floor(self, pain: float | None, *, long_standing: bool) -> Tier:
        """The floor at a pain score; an unknown one leaves the group's own tier, or counts as 0 in an old complaint."""
        if self.chronic and long_standing:
            return max(tier for score, tier in self.chronic.items() if (pain or 0) >= score)
        return max([self.tier, *(tier for score, tier in self.pain.items() if pain is not None and pain >= score)])


@lru_cache(maxsize=1)
def complaints() -> tuple[Complaint, ...]:
    """Every group.

    Raises:
        ConfigError: the file is malformed.
    """
    return tuple(
        Complaint(name, c.tier, c.meaning, c.source, alternatives(c.when), c.pain, c.chronic)
        for name, c in read_rules("complaints.yaml", _ComplaintsFile).complaints.items()
    )


def complaint_reasons(signs: Signs, vitals: Vitals) -> tuple[Reason, ...]:
    """One reason a group that holds, one for severe pain, one for a patient who is not alert."""
    pain = vitals.pain
    old = "long_standing" in signs and "deteriorating" not in signs
    held = ((group, evidence_of(group.when, signs)) for group in complaints())
    found = [
        _reason(group.name, group.floor(pain, long_standing=old), group.meaning, ids)
        for group, ids in held
        if ids is not None
    ]
    if vitals.consciousness in NOT_ALERT:
        detail = "responds to voice or less"
        found.append(_reason("not_alert", Tier.EMERGENCY, detail, ("vital:consciousness",)))
    if pain is not None and pain >= SEVERE_PAIN:
        found.append(_reason("severe_pain_score", Tier.URGENT, "pain of 8 or more", ("vital:pain",)))
    return tuple(found)


def _reason(rule: str, tier: Tier, detail: str, evidence: tuple[str, ...]) -> Reason:
    return Reason(source=Source.COMPLAINT, rule=rule, tier=tier, detail=detail, evidence=evidence)
