"""What is not known: it sets a floor, and says why a person must look.

Unknown is never ROUTINE (docs/decisions, "What triage does with the unknown"):

- lost: a recording was given and its words could not be had, or a stage failed. The patient may have said anything,
  so the tier is at least URGENT and a person is asked.
- nothing known: no source says anything and few vital signs were measured. URGENT, and a person is asked.
- partly known: vital signs are incomplete, or the complaint was not told or not understood. ROUTINE is closed; what is
  known decides.
"""

from collections.abc import Sequence

from vaidya.config import TriageConfig
from vaidya.schema import NoteState, Patient, Reason, Source, Tier, TranscriptState, Vitals
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
AUDIO_FAILED = "AUDIO_FAILED"
NOTE_FAILED = "NOTE_FAILED"
MODEL_TIER_MISSING = "MODEL_TIER_MISSING"
MODEL_FAR_MILDER = "MODEL_FAR_MILDER"

# Rules that close ROUTINE without asking a person.
VITALS_INCOMPLETE = "VITALS_INCOMPLETE"
VITALS_NOT_JUDGED = "VITALS_NOT_JUDGED"
COMPLAINT_UNKNOWN = "COMPLAINT_UNKNOWN"
STAGE_FAILED = "STAGE_FAILED"
ENOUGH_VITALS = 4  # of the six: with fewer, vital signs that score nothing say nothing

MEANING = {
    NOTHING_KNOWN: "no source says anything",
    NO_SPEECH_HEARD: "a recording was given and no speech was heard in it",
    TRANSCRIPT_FAILED: "the words could not be transcribed",
    TRANSCRIPT_UNRELIABLE: "the words that were heard cannot be relied on",
    AUDIO_FAILED: "the recording could not be read",
    NOTE_FAILED: "the note could not be written by the model",
    MODEL_TIER_MISSING: "the model wrote a note and no tier",
    VITALS_INCOMPLETE: "vital signs that ROUTINE needs are missing",
    VITALS_NOT_JUDGED: "the vital signs are not those of an adult, or were not judged",
    COMPLAINT_UNKNOWN: "no complaint was given, or none that the rules know",
    STAGE_FAILED: "a stage failed",
}

_LOST_WORDS = {
    TranscriptState.NO_SPEECH: NO_SPEECH_HEARD,
    TranscriptState.UNRELIABLE: TRANSCRIPT_UNRELIABLE,
    TranscriptState.FAILED: TRANSCRIPT_FAILED,
}
# Losing these leaves words or a judgement unknown; a failed listener leaves sound unheard, which may only raise.
_LOST_STAGES = {"audio": AUDIO_FAILED, "transcript": TRANSCRIPT_FAILED, "note": NOTE_FAILED}


def policy_reasons(evidence: TriageInput, known: Sequence[Reason], config: TriageConfig) -> tuple[Reason, ...]:
    """Floors set by what is not known. `known`: the reasons of all other sources."""
    urgent = list(lost(evidence, config))
    if nothing_known(evidence.vitals, known):
        urgent.append(NOTHING_KNOWN)
    if urgent:
        return tuple(_policy(code, Tier.URGENT) for code in urgent)
    gaps = _gaps(evidence, {reason.source for reason in known})
    return tuple(_policy(code, Tier.SEMI_URGENT) for code in gaps)


def nothing_known(vitals: Vitals, known: Sequence[Reason]) -> bool:
    """Whether no source says anything, and too few vital signs were measured for their silence to mean much."""
    measured = sum(getattr(vitals, name) is not None for name in NEEDED)
    return not known and measured < ENOUGH_VITALS


def _gaps(evidence: TriageInput, sources: set[Source]) -> list[str]:
    """What closes ROUTINE: incomplete vital signs, vital signs that nobody judged, a complaint that nobody understood."""
    gaps = []
    if any(getattr(evidence.vitals, name) is None for name in NEEDED):
        gaps.append(VITALS_INCOMPLETE)
    elif Source.VITALS not in sources:
        gaps.append(VITALS_NOT_JUDGED)
    if not sources & {Source.COMPLAINT, Source.RED_FLAG, Source.MODEL}:
        gaps.append(COMPLAINT_UNKNOWN)
    if evidence.failures:
        gaps.append(STAGE_FAILED)
    return gaps


def _policy(code: str, tier: Tier) -> Reason:
    return Reason(source=Source.POLICY, rule=code.lower(), tier=tier, detail=MEANING[code])


def human_reasons(evidence: TriageInput, reasons: Sequence[Reason], config: TriageConfig) -> tuple[str, ...]:
    """Why a person must look, as stable codes; empty when nobody must. `reasons`: all of them, policy included."""
    codes = [*_about_patient(evidence.patient, config), *lost(evidence, config)]
    if nothing_known(evidence.vitals, [reason for reason in reasons if reason.source is not Source.POLICY]):
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
    codes += [code for stage, code in _LOST_STAGES.items() if stage in evidence.failed_stages]
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
