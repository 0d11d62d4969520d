"""What the rules find in speech: medicines, allergies, conditions, durations, denials, habits, vital signs."""

import pytest

from tests.note.conftest import consultation
from vaidya.note.extract.collect import extract_facts
from vaidya.note.extract.lexicon import find_drugs, heard_drugs
from vaidya.note.heard import heard
from vaidya.note.speakers import speakers
from vaidya.schema import Speaker
from vaidya.testing import make_transcript


def facts(*lines):
    found = extract_facts(heard(consultation(*lines)))
    return {fact.text for fact in found}


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ("I take metformin 500 mg twice a day.", "Medicine: Metformin 500 mg twice a day"),
        ("I take metformin five hundred milligrams twice a day.", "Medicine: Metformin 500 milligrams twice a day"),
        ("I use a salbutamol inhaler, two puffs every morning.", "Medicine: Salbutamol inhaler 2 puffs every morning"),
        ("I stopped taking my amlodipine.", "Not taking amlodipine"),
        ("I take 500 mg of metformin and amlodipine.", "Medicine: Metformin 500 mg"),
        ("I'm allergic to penicillin.", "Allergy: penicillin"),
        ("I have no known allergies.", "No known allergies"),
        ("I've had high blood pressure for years.", "History of hypertension"),
        ("I am eight months pregnant.", "Pregnant"),
        ("I am eight months pregnant and vomiting blood.", "Pregnancy: 8 months"),
        ("I had a caesarean last year.", "History of caesarean"),
        ("My blood pressure was 180 over 110 at home.", "Blood pressure 180/110 mmHg (patient reports)"),
        ("My sugar was two hundred and eighty.", "Blood sugar 280 (patient reports)"),
        ("I've had this cough for three days.", "Cough: for 3 days"),
        ("I smoke ten cigarettes a day.", "Smoking: yes"),
        ("My father had a heart attack.", "Family history of heart attack"),
        ("I have a cough. My father has had diabetes.", "Family history of diabetes"),
        ("Because he died about ten years ago of bowel cancer.", "Family history of cancer"),
        ("My father has had diabetes.", "History of diabetes"),  # nobody tells of themselves: he may be the patient
        ("I want to end my life. I was going to take them tonight.", '"I was going to take them tonight."'),
        ("The pain is eight out of ten.", "Pain score 8 of 10 (patient reports)"),
        ("मुझे तीन दिन से बुखार है।", "Fever"),
        ("I get a burning when passing urine.", "Burning urine"),
        ("I had burning urine for four days.", "Burning urine: for 4 days"),
        ("Since yesterday both my legs are weak.", "Weakness of both legs: since yesterday"),
        ("My left arm is weak since this morning.", "Weakness of one side: since this morning"),
        ("I have had no fever for two days but the cough goes on since Monday.", "Cough: since monday"),
    ],
)
def test_said_by_a_patient(said, noted):
    assert noted in facts(("P", said))


def test_a_companion_tells_of_the_patient():
    told = facts(("F", "My father has diabetes."), ("P", "I have a cough."))
    assert "History of diabetes" in told


def test_another_persons_illness_is_not_the_patients():
    told = facts(("P", "I have a cough. My wife has had asthma for ten years."))
    assert not any("asthma" in text.lower() for text in told if not text.startswith('"'))


def test_what_a_patient_was_asked_is_told_of_them():
    told = facts(("C", "Have you had thoughts of harming yourself?"), ("P", "No."))
    assert "Denies thoughts of harming themselves" in told


def test_several_questions_are_not_answered_by_what_answers_one():
    told = facts(("C", "Is there any blood in it? Are you able to drink?"), ("P", "No blood. I can drink."))
    assert not any("able to drink" in text or text.startswith("Cannot drink") for text in told)
    told = facts(("C", "Any fever, or anything coming up when you cough?"), ("P", "No fever. Only a dry cough."))
    assert not any(text.startswith("Denies") for text in told)
    told = facts(("C", "Have you coughed blood?"), ("C", "Have you lost weight?"), ("P", "There has been no blood."))
    assert not any(text.startswith("Lost weight") for text in told)


def test_what_was_asked_is_denied_by_its_general_name():
    told = facts(("C", "Any swelling of the feet or headache?"), ("P", "I feel well. There is no swelling."))
    assert "No leg swelling" in told


def test_a_question_about_the_talk_is_no_finding():
    told = facts(("C", "Do you want to ask me anything before we go?"), ("P", "No."))
    assert not any(text.startswith(("Denies", "Confirms")) for text in told)
    assert "Denies any other bowel problems" in facts(
        ("C", "Are there any other bowel problems, um, I should be aware of?"), ("P", "No.")
    )


def test_a_quotation_is_spelt_as_written():
    assert '"My exams went badly and I cannot face my parents."' in facts(
        ("P", "My exams went badly and i cannot face my parents.")
    )


@pytest.mark.parametrize(
    ("said", "never"),
    [
        ("I take metformin 500 mg twice a day and amlodipine.", "Medicine: Amlodipine 500 mg"),
        ("I have no chest pain.", "Chest pain"),
        ("My father had a heart attack.", "History of heart attack"),
        ("Because he died about ten years ago of bowel cancer.", "History of cancer"),
        ("Because he died about ten years ago of bowel cancer.", "Cancer: about 10 years ago"),
        ("If I get a fever I take paracetamol.", "Fever"),
        ("I'm allergic to penicillin.", "Medicine: Penicillin"),
        ("I fell asleep early.", "Fall"),
        ("I have run out of water tablets, and I run 5 km.", "Diarrhoea"),
        ("My cholesterol is fine.", "Medicine: Cholesterol"),
        ("I only want my cholesterol and sugar checked.", "History of high cholesterol"),
        ("I'm not allergic to penicillin.", "Allergy: penicillin"),
        ("I had burning urine for four days.", "Burn"),
        ("No burning and no diarrhoea.", "No burn"),
        ("Since yesterday both my legs are weak.", "Weakness of one side"),
        ("My period was one week ago and I'm not pregnant.", "Pregnancy: 1 week ago"),
        ("My mother had a stroke last year.", "Stroke: last year"),
        ("I have one hundred and twenty cows, and my mother had a stroke last year.", "Stroke: last year"),
        ("I have had no fever for two days but the cough goes on since Monday.", "Cough: for 2 days"),
    ],
)
def test_never_noted(said, never):
    assert never not in facts(("P", said))


def test_an_answer_settles_its_question():
    found = facts(
        *(("C", "Any chest pain or fever?"), ("P", "No, nothing like that.")),
        *(("C", "Do you have diabetes?"), ("P", "Yes, for ten years.")),
        *(("C", "Any asthma?"), ("P", "I don't think so, why?")),
    )
    assert {"No chest pain", "No fever", "History of diabetes"} <= found


def test_thoughts_of_self_harm_that_were_denied_are_noted_as_denied():
    asked = (("C", "Do you have thoughts of harming yourself?"), ("P", "No, never."))
    assert "No suicidal thoughts" in facts(*asked)


def test_a_question_without_an_answer_says_nothing():
    assert facts(("C", "Any chest pain?"), ("C", "Let me look at your file.")) == set()


def test_an_allergy_named_in_the_answer():
    assert "Allergy: penicillin" in facts(("C", "Are you allergic to anything?"), ("P", "Penicillin, I get a rash."))


def test_no_allergies_in_the_answer():
    assert "No known allergies" in facts(("C", "Do you have any allergies?"), ("P", "No."))


def test_advice_is_not_a_finding():
    found = facts(("P", "I have a cough."), ("C", "If you get chest pain or a high fever, come back to us."))
    assert not {"Chest pain", "Fever"} & found


def test_a_prescription_spoken_is_a_plan():
    found = {
        f.text: f.section
        for f in extract_facts(heard(consultation(("C", "I'll prescribe amoxicillin 500 mg three times a day."))))
    }
    assert found["Amoxicillin 500 mg 3 times a day"] == "plan"


def test_every_fact_cites_a_segment_that_exists():
    lines = [("C", "Any fever?"), ("P", "No. I take aspirin daily and I have asthma since childhood.")]
    for fact in extract_facts(heard(consultation(*lines))):
        assert fact.evidence
        assert all(0 <= int(name.split(":")[1]) < len(lines) for name in fact.evidence)


@pytest.mark.parametrize("name", ["metformin", "amlodipine", "co-trimoxazole", "insulin", "zofenopril", "crocin"])
def test_medicines_by_list_and_by_stem(name):
    assert [found.name for found in find_drugs(f"i take {name} at night")] == [name]


@pytest.mark.parametrize("word", ["cholesterol", "person", "season", "abdomen", "water", "listen"])
def test_words_that_are_no_medicine(word):
    assert find_drugs(f"the {word} is here") == ()


@pytest.mark.parametrize(
    ("misheard", "name"),
    [
        ("amyxicillin", "amoxicillin"),
        ("adorovastatin", "atorvastatin"),
        ("salbutamo", "salbutamol"),
        ("parasetamol", "paracetamol"),
        ("asprin", "aspirin"),
        ("methothrexate", "methotrexate"),
    ],
)
def test_a_misheard_medicine_is_found_under_its_name_and_unsure(misheard, name):
    assert [(found.name, found.unsure) for found in heard_drugs(f"i take {misheard} at night")] == [(name, True)]


# Real medicines that the list lacks: the nearest listed name is another medicine.
@pytest.mark.parametrize("name", ["fosinopril", "pitavastatin", "quinapril", "nitrazepam", "timolol", "roxithromycin"])
def test_a_medicine_that_is_not_listed_is_not_taken_for_another(name):
    assert {found.name for found in heard_drugs(f"i take {name} at night")} == {name}


@pytest.mark.parametrize("name", ["hydralazine", "hydroxyzine", "prednisone", "prednisolone", "clonidine"])
def test_listed_names_that_look_alike_stay_apart(name):
    assert [(found.name, found.unsure) for found in heard_drugs(f"i take {name}")] == [(name, False)]


@pytest.mark.parametrize("word", ["ability", "inhaled", "nebulized", "meantime", "bacteria", "starting", "nitrogen"])
def test_a_word_that_looks_like_a_medicine_is_none(word):
    assert heard_drugs(f"the {word} is here") == ()


def test_an_allergy_to_what_was_misheard_is_not_lost():
    found = [fact for fact in extract_facts(heard(consultation(("P", "I am allergic to amyxicillin.")))) if fact.unsure]
    assert [fact.text for fact in found] == ["Allergy: amoxicillin (?)"]
    assert "Not taking salbutamol (?)" in facts(("P", "I ran out of my salbutamo."))


def test_a_time_is_not_that_of_a_finding_which_the_reply_denies():
    found = facts(
        ("C", "Is he eating and drinking? Any cough?"), ("P", "He has not eaten since yesterday. There is no cough.")
    )
    assert "No cough" in found
    assert not any(text.startswith("Cough") for text in found)
    assert "Cough: for 3 days" in facts(("C", "Any cough?"), ("P", "For three days. It is dry."))


def test_one_voice_that_asks_nothing_is_the_patients():
    transcript = make_transcript(["I have a headache.", "It started this morning."])
    assert set(speakers(transcript.segments)) == {Speaker.PATIENT}


def test_voices_are_told_apart_by_what_they_do():
    transcript = make_transcript(
        [
            "What brings you in today?",
            "I've had a bad cough.",
            "How long have you had it?",
            "For three days.",
            "Any fever?",
            "No.",
        ]
    )
    c, p = Speaker.CLINICIAN, Speaker.PATIENT
    assert speakers(transcript.segments) == (c, p, c, p, c, p)
