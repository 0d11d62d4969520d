"""The fallback note, measured values, standing actions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.note.conftest import consultation, source_of
from vaidya.note import extractive_note, standing_actions, with_standing_plan
from vaidya.note.extract.lexicon import find_concepts, find_drugs
from vaidya.note.measured import measured_statements
from vaidya.schema import Consciousness, FindingsState, NoteState, Origin, SoundEvent, SoundLabel, Tier, Vitals
from vaidya.testing import make_findings, make_note


def texts(statements):
    return [statement.text for statement in statements]


def test_it_quotes_speech_with_its_evidence_and_lists_what_was_measured(chest_pain):
    note = extractive_note(source_of(chest_pain.transcript, Vitals(pulse=110), "chest pain"), "GENERATION_TIMEOUT")
    assert (note.state, note.reason) == (NoteState.EXTRACTIVE, "GENERATION_TIMEOUT")
    assert note.subjective[0].text == "Complaint: chest pain"
    quotes = [s for s in note.subjective if s.evidence == ("segment:1",) and s.origin is Origin.QUOTED]
    assert quotes[0].text.startswith("\"I've had chest pain for two days")
    assert texts(note.objective) == ["Pulse 110 /min"]
    assert note.assessment == note.plan == ()
    assert all(s.supported for _, s in note.statements())


def test_nothing_is_drawn_from_silence():
    note = extractive_note(source_of(vitals=Vitals(temperature=39.5)), "NO_SPEECH")
    assert (note.state, note.subjective) == (NoteState.ABSTAINED, ())
    assert texts(note.objective) == ["Temperature 39.5 °C"]


@given(
    st.builds(
        Vitals,
        spo2=st.none() | st.floats(60, 100),
        pulse=st.none() | st.floats(30, 200),
        pain=st.none() | st.floats(0, 10),
    )
)
def test_a_vital_that_was_not_measured_is_not_written(vitals):
    written = {name for s in measured_statements(vitals, make_findings()) for name in s.evidence}
    assert written == {f"vital:{name}" for name in vitals.measured()}


def test_every_vital_has_its_statement():
    vitals = Vitals(
        respirations=24, spo2=93, on_oxygen=True, sbp=90, dbp=60, pulse=120, temperature=38.5,
        consciousness=Consciousness.VOICE, pain=7,
    )  # fmt: skip
    assert texts(measured_statements(vitals, make_findings())) == [
        "SpO2 93 % on supplemental oxygen",
        "Blood pressure 90/60 mmHg",
        "Respirations 24 /min",
        "Pulse 120 /min",
        "Temperature 38.5 °C",
        "Pain 7 of 10",
        "Responds to voice",
    ]


def test_sounds_are_counted_only_when_the_listener_listened():
    cough = SoundEvent(id=0, label=SoundLabel.COUGH, start_s=0, end_s=2, probability=0.9)
    assert texts(measured_statements(Vitals(), make_findings(events=(cough, cough)))) == [
        "Cough heard 2 times in the recording"
    ]
    failed = make_findings(events=(cough,), state=FindingsState.FAILED)
    assert measured_statements(Vitals(), failed) == ()


@pytest.mark.parametrize("tier", list(Tier))
def test_standing_actions_are_labelled_and_name_no_treatment(tier):
    for statement in standing_actions(tier):
        assert statement.text.startswith("Standing action: ")
        assert statement.origin is Origin.STANDING
        assert not find_drugs(statement.text.lower())
        assert not find_concepts(statement.text.lower())
    assert any(str(tier.within_minutes) in s.text or "at once" in s.text for s in standing_actions(tier))


def test_a_patient_alone_gets_the_tiers_standing_plan():
    note = with_standing_plan(make_note(subjective=["Cough"]), Tier.URGENT)
    assert note.plan == standing_actions(Tier.URGENT)
    assert with_standing_plan(note, Tier.EMERGENCY).plan == standing_actions(Tier.EMERGENCY)


def test_a_clinicians_plan_stays():
    note = make_note(plan=["Chest x-ray"])
    assert with_standing_plan(note, Tier.URGENT).plan == note.plan


def test_the_fallback_takes_a_plan_only_from_a_clinician():
    patient = extractive_note(
        source_of(consultation(("P", "You should give me antibiotics, I'll take amoxicillin."))), "X"
    )
    assert patient.plan == ()
    clinician = extractive_note(
        source_of(consultation(("P", "I have a cough."), ("C", "We'll get a chest x-ray today."))), "X"
    )
    assert texts(clinician.plan) == ['Clinician: "We\'ll get a chest x-ray today."']


def test_bloods_are_a_test_and_blood_is_none():
    assert {"coughing blood"} == {f.name for f in find_concepts("i am coughing up blood")}
    assert "blood test" not in {f.name for f in find_concepts("there was blood on the floor")}
    assert "blood test" in {f.name for f in find_concepts("we will take some bloods today")}
