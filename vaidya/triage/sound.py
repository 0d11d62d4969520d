"""What earned sound may do: raise the tier by one, for a respiratory patient. It never decides alone."""

from collections.abc import Sequence

from vaidya.schema import Reason, Source, Tier
from vaidya.triage.evidence import TriageInput
from vaidya.triage.news2 import news2
from vaidya.triage.signs import signs_of

RESPIRATORY_VITALS = ("respirations", "spo2", "on_oxygen")
RESPIRATORY_SIGNS = frozenset({"breathless", "cannot_breathe", "cough", "wheeze", "noisy_breathing"})
_TIERS = tuple(Tier)


def sound_reasons(evidence: TriageInput, known: Sequence[Reason]) -> tuple[Reason, ...]:
    """One tier above what the other sources say, or nothing.

    Sound counts only with a weight above 0 (a probe earned it on held-out subjects), a probability at its card's
    threshold, and a respiratory complaint or vital sign: a cough in the corridor is not the patient's.
    """
    signal = evidence.findings.signal
    floor = max((reason.tier for reason in known), default=None)
    if signal is None or evidence.findings.weight <= 0 or signal.probability < signal.threshold:
        return ()
    if floor is None or floor is Tier.EMERGENCY or not respiratory(evidence):
        return ()
    tier = _TIERS[floor.severity + 1]
    detail = f"{signal.probe}: {signal.target}"
    return (Reason(source=Source.SOUND, rule="sound_signal", tier=tier, detail=detail),)


def respiratory(evidence: TriageInput) -> bool:
    """Whether the breathing itself is complained of, or measured as abnormal."""
    parts = news2(evidence.vitals).parts
    return any(parts.get(name) for name in RESPIRATORY_VITALS) or bool(RESPIRATORY_SIGNS & signs_of(evidence).keys())
