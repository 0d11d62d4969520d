"""What is not known: it sets a floor, and says why a person must look.

Unknown is never ROUTINE (docs/decisions, "What triage does with the unknown"):

- lost: a recording was given and its words could not be had, or a stage failed. The patient may have said anything,
  so the tier is at least URGENT and a person is asked.
- nothing known: no source says anything. URGENT, and a person is asked.
- partly known: vital signs are incomplete, or nobody told the complaint. ROUTINE is closed; what is known decides.
"""

from collections.abc import Sequence

from vaidya.config import TriageConfig
from vaidya.schema import NoteState, Patient, Reason, Source, Tier, TranscriptState
from vaidya.triage.evidence import TriageInput
from vaidya.triage.news2 import NEEDED

# Codes of `Decision.human_reasons`; a failed stage stands there as "stage:CODE".
AGE_UNKNOWN = "AGE_UNKNOWN"
UNDER_AGE = "UNDER_AGE"
PREGNANT = "PREGNANT"
NOTHING_KNOWN = "NOTHING_KNOWN"
NO_SPEECH_HEARD = "NO_SPEECH_HEARD"
TRANSCRIPT_FAILED = "TRANSCRIPT_FAILED"
TRANSCRIPT_UNRELIABLE = "TRANSCRIPT_UNRELIABLE"
LANGUAGE_DOUBTFUL = "LANGUAGE_DOUBTFUL"
MODEL_TIER_MISSING = "MODEL_TIER_MISSING"
MODEL_FAR_MILDER = "MODEL_FAR_MILDER"

_LOST_WORDS = {
    TranscriptState.NO_SPEECH: NO_SPEECH_HEARD,
    TranscriptState.UNRELIABLE: TRANSCRIPT_UNRELIABLE,
    TranscriptState.FAILED: TRANSCRIPT_FAILED,
}
# Losing these leaves words or a judgement unknown; a failed listener leaves sound unheard, which may only raise.
_VITAL_STAGES = frozenset({"audio", "transcript", "note", "triage"})


def policy_reasons(evidence: TriageInput, known: Sequence[Reason], config: TriageConfig) -> tuple[Reason, ...]:
    """Floors set by what is not known. `known`: the reasons of all other sources."""
    floors = {code.lower(): Tier.URGENT for code in lost(evidence, config)}
    if not known:
        floors[NOTHING_KNOWN.lower()] = Tier.URGENT
    if not floors and any(getattr(evidence.vitals, name) is None for name in NEEDED):
        floors["vitals_incomplete"] = Tier.SEMI_URGENT
    if not floors and Source.VITALS not in {reason.source for reason in known}:
        floors["vitals_not_judged"] = Tier.SEMI_URGENT
    if not floors and not evidence.complaint and not evidence.transcript.segments:
        floors["complaint_unknown"] = Tier.SEMI_URGENT
    if not floors and evidence.failures:
        floors["stage_failed"] = Tier.SEMI_URGENT
    return tuple(Reason(source=Source.POLICY, rule=rule, tier=tier) for rule, tier in floors.items())


def human_reasons(evidence: TriageInput, reasons: Sequence[Reason], config: TriageConfig) -> tuple[str, ...]:
    """Why a person must look, as stable codes; empty when nobody must. `reasons`: all of them, policy included."""
    codes = [*_about_patient(evidence.patient, config), *lost(evidence, config)]
    if any(reason.rule == NOTHING_KNOWN.lower() for reason in reasons):
        codes.append(NOTHING_KNOWN)
    if _language_doubtful(evidence, config):
        codes.append(LANGUAGE_DOUBTFUL)
    if _model_far_milder(evidence, reasons, config):
        codes.append(MODEL_FAR_MILDER)
    return (*codes, *evidence.failures)


def lost(evidence: TriageInput, config: TriageConfig) -> tuple[str, ...]:
    """Codes of what should be there and is not: words that were recorded, a stage's result, the model's tier."""
    codes = []
    if evidence.speech_expected and (code := _LOST_WORDS.get(evidence.transcript.state)):
        codes.append(code)
    elif evidence.speech_expected and not evidence.transcript.segments:
        codes.append(NO_SPEECH_HEARD)
    codes += [f"{stage.upper()}_FAILED" for stage in sorted(evidence.failed_stages & _VITAL_STAGES)]
    drafted = evidence.note_state is NoteState.DRAFTED
    if config.model and drafted and evidence.model_tier is None:
        codes.append(MODEL_TIER_MISSING)
    return tuple(dict.fromkeys(codes))


def _about_patient(patient: Patient, config: TriageConfig) -> list[str]:
    codes = []
    if patient.age is None:
        codes.append(AGE_UNKNOWN)
    elif patient.age < config.adult_age:
        codes.append(UNDER_AGE)
    if patient.pregnant:
        codes.append(PREGNANT)
    return codes


def _language_doubtful(evidence: TriageInput, config: TriageConfig) -> bool:
    probability = evidence.transcript.language_probability
    return probability is not None and probability < config.language_probability_min


def _model_far_milder(evidence: TriageInput, reasons: Sequence[Reason], config: TriageConfig) -> bool:
    """The model read the same patient two tiers milder than a rule did: one of them is wrong."""
    if not config.model or evidence.model_tier is None:
        return False
    ruled = [reason.tier.severity for reason in reasons if reason.source is not Source.MODEL]
    return max(ruled, default=0) - evidence.model_tier.severity >= 2
