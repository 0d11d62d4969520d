"""Every floor -> one decision. Pure and quick: no model runs here.

The final tier is the most severe floor; nothing lowers it. What should be known and is not counts as a floor of its
own (`vaidya.triage.policy`), because unknown is never ROUTINE.
"""

from collections.abc import Sequence

from vaidya.config import TriageConfig
from vaidya.schema import Decision, Patient, Reason, Source, Tier, Vitals
from vaidya.triage.complaint import complaint_reasons
from vaidya.triage.evidence import TriageInput, without_recording
from vaidya.triage.news2 import news2
from vaidya.triage.policy import human_reasons, policy_reasons
from vaidya.triage.red_flags import red_flag_reasons
from vaidya.triage.sound import sound_reasons
from vaidya.triage.vitals import vitals_reasons


def decide(evidence: TriageInput, config: TriageConfig) -> Decision:
    """Place a patient: the most severe of vitals, red flags, complaint, model and earned sound, and of what is unknown.

    `preliminary_tier` is what vital signs and complaint say alone. A source that the configuration switches off is
    silent: what it would have said is then unknown, never normal.
    """
    reasons = known_reasons(evidence, config)
    reasons += policy_reasons(evidence, reasons, config)
    floors = {source.value: floor for source in Source if (floor := _floor(reasons, source)) is not None}
    humans = human_reasons(evidence, reasons, config)
    return Decision(
        tier=max(floors.values(), default=Tier.URGENT),
        preliminary_tier=preliminary(evidence.vitals, evidence.patient, evidence.complaint, config),
        needs_human=bool(humans),
        human_reasons=humans,
        reasons=tuple(sorted(reasons, key=lambda reason: -reason.tier.severity)),
        floors=floors,
        news2=news2(evidence.vitals),
    )


def preliminary(vitals: Vitals, patient: Patient, complaint: str | None, config: TriageConfig) -> Tier | None:
    """The tier before anything was heard, from vital signs and a typed complaint; None when they say nothing.

    It can only be raised afterwards.
    """
    reasons = known_reasons(without_recording(vitals, patient, complaint), config)
    return max((reason.tier for reason in reasons), default=None)


def known_reasons(evidence: TriageInput, config: TriageConfig) -> tuple[Reason, ...]:
    """The floors that rest on what is known, before the rules on what is not."""
    reasons: tuple[Reason, ...] = ()
    if config.vitals:
        reasons += vitals_reasons(evidence.vitals, evidence.patient, config.adult_age)
    if config.red_flags:
        reasons += red_flag_reasons(evidence)
    if config.complaint:
        reasons += complaint_reasons(evidence)
    if config.model and evidence.model_tier is not None:
        reasons += (Reason(source=Source.MODEL, rule="model_tier", tier=evidence.model_tier),)
    if config.sound:
        reasons += sound_reasons(evidence, reasons)
    return reasons


def _floor(reasons: Sequence[Reason], source: Source) -> Tier | None:
    return max((reason.tier for reason in reasons if reason.source is source), default=None)
