"""What is not known: it sets a floor, and says why a person must look.

Unknown is never ROUTINE (docs/decisions, "What triage does with the unknown"):

- lost: a recording was given and its words could not be had, or a stage failed. The patient may have said anything,
  so the tier is at least URGENT and a person is asked. A word or two that could not be understood, in speech that
  otherwise was, close ROUTINE, and a person is asked to listen to them.
- unknown: no complaint is understood and few vital signs were measured, or a complaint was made that neither rule nor
  model understood. URGENT, and a person is asked.
- set aside: words that would raise an EMERGENCY flag were said, and other words seem to take them back (a fear, an old
  date, an answer that is neither yes nor no). The reading may be wrong: URGENT, and a person is asked.
- partly known: vital signs are incomplete, or no complaint was given. ROUTINE is closed; what is known decides.
"""

from collections.abc import Sequence

from vaidya.config import TriageConfig
from vaidya.schema import NoteState, Patient, Reason, Segment, Source, Tier, TranscriptState
from vaidya.transcript.gates import Doubt
from vaidya.transcript.gates import Reason as Heard
from vaidya.triage.evidence import TriageInput
from vaidya.triage.news2 import NEEDED, news2
from vaidya.triage.red_flags import flags_in_doubt
from vaidya.triage.signs import doubted_signs, signs_of

# Codes of `Decision.human_reasons`; a failed stage stands there as "stage:CODE".
AGE_UNKNOWN = "AGE_UNKNOWN"
UNDER_AGE = "UNDER_AGE"
PREGNANT = "PREGNANT"
NOTHING_KNOWN = "NOTHING_KNOWN"
COMPLAINT_NOT_UNDERSTOOD = "COMPLAINT_NOT_UNDERSTOOD"
NO_SPEECH_HEARD = "NO_SPEECH_HEARD"
TRANSCRIPT_FAILED = "TRANSCRIPT_FAILED"
TRANSCRIPT_UNRELIABLE = "TRANSCRIPT_UNRELIABLE"
LANGUAGE_DOUBTFUL = "LANGUAGE_DOUBTFUL"
LANGUAGE_NOT_READ = "LANGUAGE_NOT_READ"
LANGUAGE_UNMEASURED = "LANGUAGE_UNMEASURED"
AUDIO_FAILED = "AUDIO_FAILED"
RECORDING_TRUNCATED = "RECORDING_TRUNCATED"
WORDS_WITHHELD = "WORDS_WITHHELD"
NOTE_FAILED = "NOTE_FAILED"
NOTE_CUT = "NOTE_CUT"
MODEL_TIER_MISSING = "MODEL_TIER_MISSING"
MODEL_FAR_MILDER = "MODEL_FAR_MILDER"
RED_FLAG_SET_ASIDE = "RED_FLAG_SET_ASIDE"

# Rules that close ROUTINE without asking a person.
VITALS_INCOMPLETE = "VITALS_INCOMPLETE"
VITALS_NOT_JUDGED = "VITALS_NOT_JUDGED"
COMPLAINT_UNKNOWN = "COMPLAINT_UNKNOWN"
STAGE_FAILED = "STAGE_FAILED"
LITTLE_S = 1.0  # a word or two; "I have chest pain" takes longer
ENOUGH_VITALS = 4  # of the six: with fewer, vital signs that score nothing say nothing

MEANING = {
    NOTHING_KNOWN: "no complaint is understood and few vital signs were measured",
    COMPLAINT_NOT_UNDERSTOOD: "a complaint was made that neither rule nor model understood",
    NO_SPEECH_HEARD: "a recording was given and no speech was heard in it",
    TRANSCRIPT_FAILED: "the words could not be transcribed",
    TRANSCRIPT_UNRELIABLE: "the words that were heard cannot be relied on",
    AUDIO_FAILED: "the recording could not be read",
    RECORDING_TRUNCATED: "the recording's file was cut off or damaged",
    WORDS_WITHHELD: "part of what was said could not be understood",
    NOTE_FAILED: "the note could not be written by the model",
    NOTE_CUT: "the model's note was cut where it left what was said",
    MODEL_TIER_MISSING: "the model wrote a note and no tier",
    VITALS_INCOMPLETE: "vital signs that ROUTINE needs are missing",
    VITALS_NOT_JUDGED: "the vital signs are not those of an adult, or were not judged",
    COMPLAINT_UNKNOWN: "no complaint was given",
    STAGE_FAILED: "a stage failed",
    LANGUAGE_UNMEASURED: "nobody has measured how well the transcriber writes this language",
    RED_FLAG_SET_ASIDE: "said, and perhaps taken back",
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
    codes = (*lost(evidence, config), *unknown(evidence, known, config))
    urgent = (*(_policy(code, Tier.URGENT) for code in codes), *set_aside(evidence, known, config))
    return urgent or tuple(_policy(code, Tier.SEMI_URGENT) for code in _gaps(evidence, known))


def unknown(evidence: TriageInput, known: Sequence[Reason], config: TriageConfig) -> tuple[str, ...]:
    """Codes of what is unknown altogether: everything, or a complaint that was made and that nothing understood.

    Vital signs take no part in it, but for how many were measured: a worse pulse must not make a patient better known.
    """
    if understood(known) or not config.complaint:
        return ()
    if sum(getattr(evidence.vitals, name) is not None for name in NEEDED) < ENOUGH_VITALS:
        return (NOTHING_KNOWN,)
    return (COMPLAINT_NOT_UNDERSTOOD,) if evidence.complaint or evidence.transcript.segments else ()


def understood(known: Sequence[Reason]) -> bool:
    """Whether a rule rests on what was said or typed, or the model gave a tier."""
    return any(
        reason.source is Source.MODEL or any(id_.startswith(("segment:", "complaint")) for id_ in reason.evidence)
        for reason in known
    )


def _gaps(evidence: TriageInput, known: Sequence[Reason]) -> list[str]:
    """What closes ROUTINE: incomplete vital signs, vital signs that nobody judged, a complaint that nobody told."""
    gaps = []
    if not news2(evidence.vitals).complete:
        gaps.append(VITALS_INCOMPLETE)
    elif Source.VITALS not in {reason.source for reason in known}:
        gaps.append(VITALS_NOT_JUDGED)
    if not understood(known):
        gaps.append(COMPLAINT_UNKNOWN)
    if withheld(evidence):
        gaps.append(WORDS_WITHHELD)
    if _language_unmeasured(evidence):
        gaps.append(LANGUAGE_UNMEASURED)
    if evidence.note_cut:
        gaps.append(NOTE_CUT)
    if evidence.failures:
        gaps.append(STAGE_FAILED)
    return gaps


def undecided_reason(early: Tier | None) -> Reason:
    """The floor where the rules failed: the preliminary tier, at least URGENT."""
    return _policy(STAGE_FAILED, max(early or Tier.URGENT, Tier.URGENT))


def _policy(code: str, tier: Tier) -> Reason:
    return Reason(source=Source.POLICY, rule=code.lower(), tier=tier, detail=MEANING[code])


def human_reasons(evidence: TriageInput, reasons: Sequence[Reason], config: TriageConfig) -> tuple[str, ...]:
    """Why a person must look, as stable codes; empty when nobody must. `reasons`: all of them, policy included."""
    known = [reason for reason in reasons if reason.source is not Source.POLICY]
    codes = [*_about_patient(evidence.patient, config), *lost(evidence, config), *unknown(evidence, known, config)]
    if withheld(evidence) and WORDS_WITHHELD not in codes:
        codes.append(WORDS_WITHHELD)
    if _language_doubtful(evidence, config):
        codes.append(LANGUAGE_DOUBTFUL)
    if _language_unmeasured(evidence):
        codes.append(LANGUAGE_UNMEASURED)
    if not evidence.model_reads:
        codes.append(LANGUAGE_NOT_READ)
    if evidence.note_cut:
        codes.append(NOTE_CUT)
    if _model_far_milder(evidence, reasons, config):
        codes.append(MODEL_FAR_MILDER)
    if any(reason.rule == RED_FLAG_SET_ASIDE.lower() for reason in reasons):
        codes.append(RED_FLAG_SET_ASIDE)
    return (*codes, *evidence.failures)


def lost(evidence: TriageInput, config: TriageConfig) -> tuple[str, ...]:
    """Codes of what should be there and is not: words that were recorded, a stage's result, the model's tier."""
    codes = []
    if evidence.speech_expected and (code := _LOST_WORDS.get(evidence.transcript.state)):
        codes.append(code)
    elif evidence.speech_expected and not evidence.transcript.segments:
        codes.append(NO_SPEECH_HEARD)
    if evidence.truncated:
        codes.append(RECORDING_TRUNCATED)
    if sum(segment.end_s - segment.start_s for segment in withheld(evidence) if _voiced(segment)) > LITTLE_S:
        codes.append(WORDS_WITHHELD)
    codes += [code for stage, code in _LOST_STAGES.items() if stage in evidence.failed_stages]
    drafted = evidence.note_state is NoteState.DRAFTED
    if config.model and drafted and evidence.model_tier is None:
        codes.append(MODEL_TIER_MISSING)
    return tuple(dict.fromkeys(codes))


def withheld(evidence: TriageInput) -> tuple[Segment, ...]:
    """Stretches of a trusted transcript that hold no words: not understood, or not taken for speech."""
    if evidence.transcript.state is not TranscriptState.SPEECH:
        return ()
    return tuple(segment for segment in evidence.transcript.segments if not (segment.text or segment.english))


def _voiced(segment: Segment) -> bool:
    """Whether somebody surely spoke there; sounds like coughs are withheld too, and say nothing of how urgent it is."""
    return Doubt.NOT_BELIEVED not in segment.flags


def set_aside(evidence: TriageInput, known: Sequence[Reason], config: TriageConfig) -> tuple[Reason, ...]:
    """One floor a red flag of EMERGENCY that was said and perhaps taken back; none where the patient is one anyway."""
    if not config.red_flags or any(reason.tier is Tier.EMERGENCY for reason in known):
        return ()
    return tuple(
        Reason(
            source=Source.POLICY,
            rule=RED_FLAG_SET_ASIDE.lower(),
            tier=Tier.URGENT,
            detail=f"{MEANING[RED_FLAG_SET_ASIDE]}: {flag.meaning}",
            evidence=ids,
        )
        for flag, ids in flags_in_doubt(signs_of(evidence), doubted_signs(evidence))
    )


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


def _language_unmeasured(evidence: TriageInput) -> bool:
    return Heard.LANGUAGE_UNMEASURED.value in evidence.transcript.reasons


def _model_far_milder(evidence: TriageInput, reasons: Sequence[Reason], config: TriageConfig) -> bool:
    """The model read the same patient two tiers milder than a rule did: one of them is wrong."""
    if not config.model or evidence.model_tier is None:
        return False
    ruled = [reason.tier.severity for reason in reasons if reason.source is not Source.MODEL]
    return max(ruled, default=0) - evidence.model_tier.severity >= 2
