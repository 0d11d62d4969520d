"""Red flags: what must raise them in five languages, what must not, and that the files are whole."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from vaidya.config import TriageConfig
from vaidya.schema import Consciousness, NoteState, Patient, Tier, Vitals
from vaidya.testing import make_findings, make_transcript
from vaidya.transcript.from_text import transcript_from_text
from vaidya.transcript.speakers import with_speakers
from vaidya.triage import TriageInput, decide
from vaidya.triage.complaint import complaints
from vaidya.triage.evidence import without_recording
from vaidya.triage.lexicon import languages, lexicon
from vaidya.triage.policy import RED_FLAG_SET_ASIDE
from vaidya.triage.red_flags import flags_in_doubt, red_flag_reasons, red_flags
from vaidya.triage.signs import doubted_signs, signs_of

HERE = Path(__file__).parent
NORMAL = Vitals(
    respirations=16, spo2=98, sbp=122, pulse=74, temperature=36.8, consciousness=Consciousness.ALERT, on_oxygen=False
)
# Signs that come from measured or reported numbers, not from phrases.
FROM_NUMBERS = ("measured_", "reported_", "circulation_scores", "temperature_unknown")


def sentences(name, *only):
    groups = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    chosen = {group: entries for group, entries in groups.items() if not only or group in only}
    numbered = ((group, number, entry) for group, entries in chosen.items() for number, entry in enumerate(entries))
    return [pytest.param(entry, id=f"{group}-{number}") for group, number, entry in numbered]


def spoken(text, **patient):
    transcript = transcript_from_text(text)
    return TriageInput(Vitals(), Patient(**({"age": 40.0} | patient)), None, transcript, make_findings())


def flags(evidence):
    return {reason.rule: reason.tier for reason in red_flag_reasons(signs_of(evidence))}


@pytest.mark.parametrize("entry", sentences("phrases_that_raise.yaml"))
def test_said(entry):
    text, flag, tier = entry
    assert flags(spoken(text)).get(flag) is Tier[tier]


@pytest.mark.parametrize("entry", sentences("phrases_that_raise.yaml"))
def test_typed(entry):
    text, flag, tier = entry
    assert flags(without_recording(Vitals(), Patient(age=40.0), text)).get(flag) is Tier[tier]


@pytest.mark.parametrize("entry", sentences("phrases_that_raise.yaml"))
def test_heard_with_guessed_speakers(entry):
    text, flag, tier = entry
    heard = spoken(text)
    named = heard.transcript.model_copy(update={"segments": with_speakers(heard.transcript.segments)})
    assert flags(replace(heard, transcript=named)).get(flag) is Tier[tier]


@pytest.mark.parametrize("text", sentences("phrases_that_do_not_raise.yaml"))
def test_not_raised(text):
    assert flags(spoken(text)) == {}


@pytest.mark.parametrize("text", sentences("phrases_that_do_not_raise.yaml", "denied", "somebody_else", "past"))
def test_what_is_plainly_taken_back_leaves_no_doubt(text):
    assert flags_in_doubt(signs_of(spoken(text)), doubted_signs(spoken(text))) == ()


@pytest.mark.parametrize("text", sentences("phrases_that_ask.yaml"))
def test_what_is_perhaps_taken_back_asks_a_person(text):
    heard = replace(spoken(text), vitals=NORMAL, model_tier=Tier.ROUTINE, note_state=NoteState.DRAFTED)
    decision = decide(heard, TriageConfig())
    assert flags(heard) == {}
    assert decision.tier is Tier.URGENT
    assert RED_FLAG_SET_ASIDE in decision.human_reasons


def test_a_doubt_names_the_flag_and_where_it_was_said():
    heard = spoken("I have a cough.\nI am scared of having a heart attack.")
    (reason,) = [r for r in decide(heard, TriageConfig()).reasons if r.rule == RED_FLAG_SET_ASIDE.lower()]
    assert reason.evidence == ("segment:1",)
    assert "chest" in reason.detail


def test_english_of_another_language_is_matched_too():
    transcript = make_transcript(["நெஞ்சு"], language="ta")
    segment = transcript.segments[0].model_copy(update={"english": "I have chest pain"})
    evidence = TriageInput(
        Vitals(), Patient(age=40.0), None, transcript.model_copy(update={"segments": (segment,)}), make_findings()
    )
    assert flags(evidence) == {"chest_pain": Tier.EMERGENCY}


def test_evidence_names_the_segment():
    evidence = spoken("patient: I have had a cough.\npatient: And now my chest hurts.")
    (reason,) = [r for r in red_flag_reasons(signs_of(evidence)) if r.rule == "chest_pain"]
    assert reason.evidence == ("segment:1",)


def test_a_reason_holds_no_word_of_the_patient():
    for reason in red_flag_reasons(signs_of(spoken("My name is Zebediah and I want to end my life"))):
        assert "zebediah" not in reason.model_dump_json().lower()


@pytest.mark.parametrize(
    ("text", "age", "raised"),
    [
        ("she is very drowsy", 4.0, True),
        ("she is very drowsy", 80.0, True),
        ("she is very drowsy", 40.0, False),
        ("drowsy", None, False),
    ],
)
def test_a_drowsy_child_or_elder_needs_the_age(text, age, raised):
    assert ("drowsy_dependant" in flags(spoken(text, age=age))) is raised


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("my 8-year-old boy is drowsy", "drowsy_dependant"),
        ("I am 71 and I passed out", "fainted_with_danger"),
        ("my two week old baby has a fever", "sepsis"),
    ],
)
def test_an_age_that_is_said_counts(text, flag):
    assert flag in flags(spoken(text, age=None))


def test_pregnancy_from_the_intake_counts():
    assert "bleeding_in_pregnancy" in flags(spoken("I am bleeding a little", pregnant=True))
    assert "bleeding_in_pregnancy" not in flags(spoken("I am bleeding a little", pregnant=False))


def test_a_measured_temperature_is_a_fever():
    evidence = without_recording(Vitals(temperature=38.9), Patient(age=30.0), "stiff neck")
    assert "meningitis" in flags(evidence)


def test_a_question_answered_with_yes_counts():
    assert "chest_pain" in flags(spoken("doctor: do you have any chest pain?\npatient: yes, since this morning"))


def test_an_answer_may_run_on_without_punctuation():
    assert "chest_pain" in flags(spoken("do you have chest pain yes since this morning"))
    assert flags(spoken("do you have chest pain no just a cough")) == {}


def test_a_denial_far_away_in_unpunctuated_speech_hides_nothing():
    said = "i have no fever and " + "then we went to the market and bought rice and " * 12 + "now my chest hurts"
    assert "chest_pain" in flags(spoken(said))


def test_every_sign_that_a_rule_names_exists():
    known = {sign.name for sign in lexicon()}
    named = {name for rule in (*red_flags(), *complaints()) for line in rule.when for name in line}
    assert {name for name in named - known if not name.startswith(FROM_NUMBERS)} == set()


def test_every_phrase_can_be_compiled():
    for sign in lexicon():
        for phrase in (*sign.phrases, *sign.exceptions):
            for row in phrase.rows:
                assert row.expression.pattern


def test_every_flag_is_urgent_or_more_and_says_where_it_is_from():
    assert all(flag.tier >= Tier.URGENT and len(flag.source) > 3 and flag.meaning for flag in red_flags())


@pytest.mark.parametrize("language", ["hi", "ta", "te", "kn", "hi-Latn"])
def test_the_main_dangers_can_be_said_in(language):
    known = {sign.name for sign in lexicon() if sign.language == language}
    assert language in languages()
    dangers = {
        *("cannot_breathe", "chest_pain", "face_droop", "one_sided_weakness", "seizure", "unconscious", "drowsy"),
        *("severe_headache", "airway_swelling", "heavy_bleeding", "vomiting_blood", "fever", "pregnant", "bleeding"),
        *("severe_abdominal_pain", "suicidal", "poison", "overdose", "snake_bite", "burn", "major_mechanism"),
        *("severe_pain", "child", "head_injury"),
    }
    assert dangers - known == set()


def test_the_coverage_that_clinical_practice_asks_for():
    names = {flag.name for flag in red_flags()}
    assert names >= {
        *("airway_or_breathing", "chest_pain", "stroke", "seizure", "unconscious", "confused", "anaphylaxis"),
        *("major_bleeding", "sepsis", "severe_headache", "bleeding_in_pregnancy", "testicular_torsion"),
        *("abdominal_catastrophe", "overdose", "self_harm", "severe_pain", "drowsy_dependant", "snake_bite"),
        *("major_burn", "major_trauma"),
    }
