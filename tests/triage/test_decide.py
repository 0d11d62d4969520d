"""The decision: nothing lowers a tier, unknown is never ROUTINE, and each failure of the replaced system.

Numbers in test names are those of the list in docs/clinical.md.
"""

from dataclasses import replace

import pytest

from vaidya.config import TriageConfig
from vaidya.schema import Consciousness, NoteState, Patient, Source, Tier, Transcript, TranscriptState, Vitals
from vaidya.testing import make_findings, make_transcript
from vaidya.triage import TriageInput, decide, preliminary
from vaidya.triage.evidence import without_recording
from vaidya.triage.policy import (
    AGE_UNKNOWN,
    COMPLAINT_NOT_UNDERSTOOD,
    LANGUAGE_DOUBTFUL,
    LANGUAGE_UNMEASURED,
    MODEL_FAR_MILDER,
    MODEL_TIER_MISSING,
    NO_SPEECH_HEARD,
    NOTE_CUT,
    NOTHING_KNOWN,
    PREGNANT,
    RECORDING_TRUNCATED,
    TRANSCRIPT_FAILED,
    TRANSCRIPT_UNRELIABLE,
    UNDER_AGE,
    WORDS_WITHHELD,
)

ADULT = Patient(age=40.0, pregnant=False)
NORMAL = Vitals(
    respirations=16.0, spo2=98.0, sbp=120.0, pulse=70.0, temperature=37.0, consciousness=Consciousness.ALERT
)
MILD = "runny nose and a cough"


def evidence(lines=(MILD,), vitals=NORMAL, patient=ADULT, model_tier=Tier.ROUTINE, **changes):
    base = TriageInput(
        vitals=vitals,
        patient=patient,
        complaint=None,
        transcript=make_transcript(lines),
        findings=make_findings(),
        model_tier=model_tier,
        note_state=NoteState.DRAFTED,
    )
    return replace(base, **changes)


def test_a_mild_complaint_with_six_normal_vitals_is_routine(config):
    decision = decide(evidence(), config)
    assert (decision.tier, decision.needs_human, decision.human_reasons) == (Tier.ROUTINE, False, ())


def test_a_language_that_nobody_measured_asks_a_person_and_closes_routine(config):
    heard = make_transcript([MILD]).model_copy(update={"reasons": (LANGUAGE_UNMEASURED,)})
    decision = decide(evidence(transcript=heard), config)
    assert (decision.tier, decision.human_reasons) == (Tier.SEMI_URGENT, (LANGUAGE_UNMEASURED,))


def test_scale_2_without_a_word_on_oxygen_is_not_routine(config):
    vitals = NORMAL.model_copy(update={"spo2": 90.0, "spo2_scale": 2})
    assert decide(evidence(vitals=vitals), config).tier is Tier.SEMI_URGENT
    assert decide(evidence(vitals=vitals.model_copy(update={"on_oxygen": False})), config).tier is Tier.ROUTINE


def test_1_a_missing_model_tier_is_not_routine(config):
    decision = decide(evidence(model_tier=None), config)
    assert decision.tier is Tier.URGENT
    assert MODEL_TIER_MISSING in decision.human_reasons


def test_a_note_that_was_cut_asks_a_person_and_closes_routine(config):
    decision = decide(evidence(note_cut=True), config)
    assert (decision.tier, decision.needs_human, decision.human_reasons) == (Tier.SEMI_URGENT, True, (NOTE_CUT,))


def test_1_the_hyphenated_tier_is_read():
    assert Tier.parse("SEMI-URGENT") is Tier.SEMI_URGENT


@pytest.mark.parametrize("model_tier", Tier)
def test_2_the_model_cannot_erase_an_emergency_of_the_vitals(config, model_tier):
    shock = NORMAL.model_copy(update={"sbp": 60.0})
    decision = decide(evidence(vitals=shock, model_tier=model_tier), config)
    assert decision.tier is Tier.EMERGENCY
    assert decision.floors["vitals"] is Tier.EMERGENCY


def test_3_shock_hypothermia_and_breathing_count(config):
    ill = NORMAL.model_copy(update={"sbp": 72.0, "pulse": 40.0, "temperature": 33.0})
    assert decide(evidence(vitals=ill), config).tier is Tier.EMERGENCY
    fast = NORMAL.model_copy(update={"respirations": 32.0})
    assert decide(evidence(vitals=fast), config).tier >= Tier.URGENT


@pytest.mark.parametrize("name", ["respirations", "spo2", "sbp", "pulse", "temperature", "consciousness"])
def test_4_a_missing_vital_is_not_normal(config, name):
    decision = decide(evidence(vitals=NORMAL.model_copy(update={name: None})), config)
    assert decision.tier is Tier.SEMI_URGENT
    assert decision.news2 is not None
    assert decision.news2.missing == (name,)
    assert name not in decision.news2.parts


def test_5_negation_and_family_raise_nothing(config):
    lines = ("I have a runny nose.", "I have no chest pain.", "My father had a stroke.")
    assert decide(evidence(lines), config).tier is Tier.ROUTINE


def test_5_synonyms_and_other_languages_raise(config):
    for line in ("an elephant is sitting on my chest", "सीने में बहुत भारीपन है", "ఛాతీలో బరువుగా ఉంది"):
        assert decide(evidence((line,)), config).tier is Tier.EMERGENCY


def test_6_a_failed_transcript_is_not_a_complaint(config):
    failed = Transcript(state=TranscriptState.FAILED, reasons=("TRANSCRIPTION",), transcriber="made-up")
    lost = evidence(transcript=failed, note_state=NoteState.ABSTAINED, model_tier=None)
    decision = decide(replace(lost, failures=("transcript:TRANSCRIPTION",)), config)
    assert decision.tier is Tier.URGENT
    assert {TRANSCRIPT_FAILED, "transcript:TRANSCRIPTION"} <= set(decision.human_reasons)


def test_7_a_failed_listener_says_nothing_of_the_patient_and_closes_routine(config):
    decision = decide(evidence(failures=("acoustic:LISTENING",)), config)
    assert decision.tier is Tier.SEMI_URGENT
    assert "sound" not in decision.floors
    assert "acoustic:LISTENING" in decision.human_reasons


@pytest.mark.parametrize("code", ["NOTE_FORMAT", "GENERATION_TIMEOUT", "GENERATION_TRUNCATED"])
def test_10_a_reply_that_cannot_be_read_is_urgent_and_asks_a_person(config, code):
    decision = decide(evidence(model_tier=None, note_state=NoteState.EXTRACTIVE, failures=(f"note:{code}",)), config)
    assert decision.tier is Tier.URGENT
    assert f"note:{code}" in decision.human_reasons


def test_12_tiers_sort_by_severity_and_not_by_name():
    waiting = [Tier.ROUTINE, Tier.EMERGENCY, Tier.SEMI_URGENT, Tier.URGENT]
    assert sorted(waiting, reverse=True) == [Tier.EMERGENCY, Tier.URGENT, Tier.SEMI_URGENT, Tier.ROUTINE]
    assert sorted(waiting) != sorted(waiting, key=lambda tier: tier.value)


def test_13_a_newborn_has_an_age(config):
    decision = decide(evidence(patient=Patient(age=0.0)), config)
    assert UNDER_AGE in decision.human_reasons
    assert AGE_UNKNOWN not in decision.human_reasons
    assert decision.tier is not Tier.ROUTINE


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        (Patient(age=15.9), UNDER_AGE),
        (Patient(), AGE_UNKNOWN),
        (Patient(age=30.0, pregnant=True), PREGNANT),
    ],
)
def test_outside_the_adult_rules_a_person_is_always_asked(config, patient, code):
    for vitals in (NORMAL, NORMAL.model_copy(update={"sbp": 60.0})):
        decision = decide(evidence(vitals=vitals, patient=patient), config)
        assert decision.needs_human
        assert code in decision.human_reasons
        assert decision.tier > Tier.ROUTINE
    assert decision.tier is Tier.EMERGENCY


@pytest.mark.parametrize(
    ("state", "code"),
    [(TranscriptState.NO_SPEECH, NO_SPEECH_HEARD), (TranscriptState.UNRELIABLE, TRANSCRIPT_UNRELIABLE)],
)
def test_a_recording_without_reliable_words(config, state, code):
    silent = Transcript(state=state, transcriber="made-up")
    calm = decide(evidence(transcript=silent, model_tier=None, note_state=NoteState.ABSTAINED), config)
    assert (calm.tier, code in calm.human_reasons) == (Tier.URGENT, True)
    ill = NORMAL.model_copy(update={"sbp": 60.0})
    found = decide(evidence(vitals=ill, transcript=silent, model_tier=None, note_state=NoteState.ABSTAINED), config)
    assert found.tier is Tier.EMERGENCY  # the vital signs still decide


def test_a_recording_that_was_cut_off_is_urgent_and_asks_a_person(config):
    decision = decide(evidence(truncated=True), config)
    assert decision.tier is Tier.URGENT
    assert RECORDING_TRUNCATED in decision.human_reasons


@pytest.mark.parametrize(
    ("seconds", "flag", "tier"),
    [
        (0.8, "UNINTELLIGIBLE", Tier.SEMI_URGENT),
        (1.2, "UNINTELLIGIBLE", Tier.URGENT),
        (3.0, "NOT_BELIEVED", Tier.SEMI_URGENT),
    ],
)
def test_words_that_were_not_understood_close_routine_and_ask_a_person(config, seconds, flag, tier):
    heard = make_transcript([MILD, "?"])
    start = heard.segments[1].start_s
    gap = {"text": "", "english": None, "end_s": start + seconds, "flags": (flag,)}
    segments = (heard.segments[0], heard.segments[1].model_copy(update=gap))
    decision = decide(evidence(transcript=heard.model_copy(update={"segments": segments})), config)
    assert decision.tier is tier
    assert decision.human_reasons.count(WORDS_WITHHELD) == 1


def test_nothing_known_is_urgent_and_asks_a_person(config):
    decision = decide(without_recording(Vitals(), Patient(age=30.0)), config)
    assert (decision.tier, decision.preliminary_tier) == (Tier.URGENT, None)
    assert NOTHING_KNOWN in decision.human_reasons


def test_a_complaint_that_nobody_understands_is_urgent_and_asks_a_person(config):
    decision = decide(without_recording(NORMAL, ADULT, "xyzzy plugh"), config)
    assert decision.tier is Tier.URGENT
    assert COMPLAINT_NOT_UNDERSTOOD in decision.human_reasons


def test_without_a_complaint_normal_vitals_are_not_routine(config):
    assert decide(without_recording(NORMAL, ADULT), config).tier is Tier.SEMI_URGENT


def test_doubt_about_the_language_asks_a_person(config):
    doubtful = make_transcript([MILD], language_probability=0.3)
    assert LANGUAGE_DOUBTFUL in decide(evidence(transcript=doubtful), config).human_reasons


def test_a_model_far_milder_than_a_rule_asks_a_person(config):
    decision = decide(evidence(("I have chest pain",), model_tier=Tier.ROUTINE), config)
    assert decision.tier is Tier.EMERGENCY
    assert MODEL_FAR_MILDER in decision.human_reasons


def test_the_model_may_raise(config):
    assert decide(evidence(model_tier=Tier.EMERGENCY), config).tier is Tier.EMERGENCY


@pytest.mark.parametrize("source", ["vitals", "red_flags", "complaint", "model"])
def test_a_source_that_is_off_sets_no_floor(source):
    config = TriageConfig(**{source: False})
    decision = decide(evidence(("my chest hurts",), vitals=NORMAL.model_copy(update={"pulse": 140.0})), config)
    assert source.removesuffix("s") not in {floor.removesuffix("s") for floor in decision.floors}


def test_floors_are_the_maxima_of_the_reasons(config):
    decision = decide(evidence(("my chest hurts and I feel dizzy",)), config)
    for source in Source:
        tiers = [reason.tier for reason in decision.reasons if reason.source is source]
        assert decision.floors.get(source.value) == max(tiers, default=None)
    assert decision.tier is max(decision.floors.values())


def test_the_preliminary_tier_rests_on_vitals_and_complaint_alone(config):
    decision = decide(evidence(("my chest hurts",), complaint="dizziness"), config)
    assert (decision.preliminary_tier, decision.tier) == (Tier.URGENT, Tier.EMERGENCY)
    assert preliminary(NORMAL, ADULT, "dizziness", config) is Tier.URGENT
    assert preliminary(Vitals(), Patient(), None, config) is None


def test_the_same_evidence_gives_the_same_decision(config):
    assert decide(evidence(), config) == decide(evidence(), config)
