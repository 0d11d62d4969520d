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
from vaidya.triage.policy import human_reasons, policy_reasons, undecided_reason
from vaidya.triage.red_flags import red_flag_reasons
from vaidya.triage.signs import signs_of
from vaidya.triage.sound import sound_reasons
from vaidya.triage.vitals import vitals_reasons


def decide(evidence: TriageInput, config: TriageConfig) -> Decision:
    """Place a patient: the most severe of vitals, red flags, complaint, model and earned sound, and of what is unknown.

    `preliminary_tier` is what vital signs and complaint say alone. A source that the configuration switches off is
    silent: what it would have said is then unknown, never normal.
    """
    early = _ruled(without_recording(evidence.vitals, evidence.patient, evidence.complaint), config)
    reasons = _ruled(evidence, config) if evidence.transcript.segments else early
    if config.model and evidence.model_tier is not None:
        reasons += (Reason(source=Source.MODEL, rule="model_tier", tier=evidence.model_tier),)
    if config.sound:
        reasons += sound_reasons(evidence, reasons)
    reasons += policy_reasons(evidence, reasons, config)
    humans = human_reasons(evidence, reasons, config)
    floors = {source.value: floor for source in Source if (floor := _floor(reasons, source)) is not None}
    return Decision(
        tier=max(floors.values(), default=Tier.URGENT),
        preliminary_tier=_most_severe(early),
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
    return _most_severe(_ruled(without_recording(vitals, patient, complaint), config))


def undecided(early: Tier | None, model_tier: Tier | None, failures: Sequence[str]) -> Decision:
    """The decision where the rules themselves failed: the most severe of what was known, at least URGENT, and a person.

    failures: "stage:CODE" for each stage that failed.
    """
    reasons = [undecided_reason(early)]
    if model_tier is not None:
        reasons.append(Reason(source=Source.MODEL, rule="model_tier", tier=model_tier))
    return Decision(
        tier=max(reason.tier for reason in reasons),
        preliminary_tier=early,
        needs_human=True,
        human_reasons=tuple(failures),
        reasons=tuple(reasons),
        floors={reason.source.value: reason.tier for reason in reasons},
    )


def asking(decision: Decision, failures: Sequence[str]) -> Decision:
    """The decision with a person asked for every failed stage, those that failed after it included."""
    codes = tuple(dict.fromkeys((*decision.human_reasons, *failures)))
    return decision.model_copy(update={"needs_human": bool(codes), "human_reasons": codes})


def _ruled(evidence: TriageInput, config: TriageConfig) -> tuple[Reason, ...]:
    """The floors of the rules: vital signs, red flags, complaint."""
    reasons: tuple[Reason, ...] = ()
    if config.vitals:
        reasons += vitals_reasons(evidence.vitals, evidence.patient, config.adult_age)
    signs = signs_of(evidence) if config.red_flags or config.complaint else {}
    if config.red_flags:
        reasons += red_flag_reasons(signs)
    if config.complaint:
        reasons += complaint_reasons(signs, evidence.vitals)
    return reasons


def _floor(reasons: Sequence[Reason], source: Source) -> Tier | None:
    return _most_severe([reason for reason in reasons if reason.source is source])


def _most_severe(reasons: Sequence[Reason]) -> Tier | None:
    return max((reason.tier for reason in reasons), default=None)
