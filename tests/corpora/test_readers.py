from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpora.conftest import KTAS, WriteRows
from vaidya.corpora import as_dataset, audio_path, read_cases, read_rows
from vaidya.corpora.checklist import Entry, facts_of
from vaidya.corpora.text import age_in, dialogue, sex_in, slug
from vaidya.errors import DataError
from vaidya.schema import Consciousness, Sex, Tier


def test_ktas_gives_what_is_known_at_the_door(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS)
    (case,) = read_cases("ktas1267")
    assert case.complaint == "dyspnea"
    assert case.vitals.measured() == {
        "respirations": 24.0,
        "sbp": 150.0,
        "dbp": 90.0,
        "pulse": 104.0,
        "temperature": 37.5,
        "consciousness": "V",
        "pain": 4.0,
    }
    assert case.tier is Tier.EMERGENCY
    assert case.acceptable_tiers == (Tier.EMERGENCY,)
    assert case.attributes["nurse_tier"] == "URGENT"
    assert case.attributes["arrival_mode"] == "public ambulance"
    assert case.attributes["age_band"] == "40-64"


def test_ktas_never_gives_diagnosis_or_disposition(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS)
    assert "SECRET" not in read_cases("ktas1267")[0].model_dump_json()


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"sbp": 999.0}, "sbp"),
        ({"temp_c": 98.6}, "temperature"),
        ({"spo2": 140.0}, "spo2"),
        ({"nrs_pain": 11.0}, "pain"),
        ({"mental": "asleep"}, "consciousness"),
        ({"sbp": 80.0, "dbp": 120.0}, "sbp,dbp"),
    ],
)
def test_an_impossible_vital_is_missing_and_noted_and_the_case_stays(
    write_rows: WriteRows, change: dict[str, object], refused: str
) -> None:
    write_rows("triage/ktas1267/cases.jsonl", {**KTAS, **change})
    (case,) = read_cases("ktas1267")
    assert case.attributes["refused_vitals"] == refused
    assert not set(refused.split(",")) & case.vitals.measured().keys()


def test_a_vital_that_nobody_measured_stays_missing(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", {**KTAS, "nrs_pain": None, "pain": False, "mental": None})
    (case,) = read_cases("ktas1267")
    assert case.vitals.spo2 is None
    assert case.vitals.pain is None
    assert case.vitals.consciousness is None
    assert case.vitals.on_oxygen is None
    assert case.attributes["refused_vitals"] is None


def test_avpu_is_written_as_news2_writes_it(write_rows: WriteRows) -> None:
    words = ("alert", "verbal", "pain", "unresponsive")
    write_rows("triage/ktas1267/a.jsonl", *({**KTAS, "id": word, "mental": word} for word in words))
    found = [case.vitals.consciousness for case in read_cases("ktas1267")]
    assert found == [
        Consciousness.ALERT,
        Consciousness.VOICE,
        Consciousness.PAIN,
        Consciousness.UNRESPONSIVE,
    ]


def test_a_vignette_with_two_accepted_tiers_has_no_single_one(write_rows: WriteRows) -> None:
    write_rows(
        "triage/semigran45/v.jsonl",
        {
            "id": "s-1",
            "text": "A 6-month-old girl has a cold.",
            "source_label": "non_emergency",
            "acceptable_tiers": ["URGENT", "SEMI_URGENT"],
        },
    )
    (case,) = read_cases("semigran45")
    assert case.tier is None
    assert case.acceptable_tiers == (Tier.URGENT, Tier.SEMI_URGENT)
    assert (case.patient.age, case.patient.sex) == (0.5, Sex.FEMALE)


def test_a_message_without_tier_keeps_none(write_rows: WriteRows) -> None:
    write_rows(
        "triage/physician200/m.jsonl",
        {
            "id": "Dose: question_1",
            "text": "May I take it twice?",
            "hazard_category": "rx_adherence",
            "source_action": "None",
            "source_detection": 1,
            "acceptable_tiers": None,
        },
    )
    (case,) = read_cases("physician200")
    assert case.acceptable_tiers is None
    assert case.tier is None
    assert case.id == "Dose:-question_1"
    assert case.turns[0].speaker == "patient"


def test_a_section_is_not_a_note(write_rows: WriteRows) -> None:
    write_rows(
        "notes/mts-dialog/test9.jsonl",
        {
            "id": "mts-1",
            "section_header": "ALLERGY",
            "section_text": "None.",
            "dialogue": "Doctor: Any allergies?\nGuest_family_1: No.\nGuest_clinician: Noted,\nas before.",
        },
    )
    (case,) = read_cases("mts-dialog")
    assert case.section_header == "ALLERGY"
    assert [(turn.speaker, turn.text) for turn in case.turns] == [
        ("clinician", "Any allergies?"),
        ("companion", "No."),
        ("clinician", "Noted, as before."),
    ]


ACI = {
    "id": "V1",
    "subset": "aci",
    "patient_gender": "female ",
    "patient_age": "22-month",
    "dialogue": "[doctor] hello .\n[patient] hi .\n\nand more .",
    "note": "SUBJECTIVE",
    "dialogue_variants": {"asr": "[doctor] hallo [patient] high"},
}


def test_an_encounter_is_read_as_published_and_as_heard(write_rows: WriteRows) -> None:
    write_rows("notes/aci-bench/valid.jsonl", ACI, {**ACI, "id": "V2", "dialogue_variants": {}, "patient_age": ""})
    written, _ = read_cases("aci-bench")
    (heard,) = read_cases("aci-bench-asr")
    assert [turn.text for turn in written.turns] == ["hello .", "hi . and more ."]
    assert [turn.text for turn in heard.turns] == ["hallo", "high"]
    assert written.patient.age == pytest.approx(22 / 12)
    assert heard.id == written.id
    assert written.complaint is None, "the annotators' chief complaint would tell what the visit is about"


@pytest.mark.parametrize(("age", "years"), [(58, 58.0), (58.5, 58.5), (None, None), ("nan", None), ("131", None)])
def test_an_age_is_read_as_number_or_text_and_metadata_may_be_missing(
    write_rows: WriteRows, age: object, years: float | None
) -> None:
    odd = {"patient_age": age, "patient_gender": None, "chief_complaint": None, "subset": None}
    write_rows("notes/aci-bench/test2.jsonl", {**ACI, **odd})
    (case,) = read_cases("aci-bench")
    assert case.patient.age == years
    assert case.patient.sex is None


def test_overlapping_speech_stands_in_the_order_of_its_times(write_rows: WriteRows) -> None:
    write_rows(
        "notes/primock57/c.jsonl",
        {
            "id": "day1",
            "utterances": [
                {"start": 2.0, "speaker": "doctor", "text": "<UNSURE>Good</UNSURE> morning"},
                {"start": 1.0, "speaker": "patient", "text": "Hello <UNIN/>"},
                {"start": 3.0, "speaker": "doctor", "text": "<UNIN/>"},
            ],
            "note": "Well.",
            "fact_checklists": {},
        },
    )
    (case,) = read_cases("primock57")
    assert [(turn.speaker, turn.text) for turn in case.turns] == [("patient", "Hello"), ("clinician", "Good morning")]


def entry(fact: str, importance: str = "critical", depth: int = 0, section: str = "HPC") -> Entry:
    return Entry.model_validate({"section": section, "depth": depth, "fact": fact, "importance": importance})


def test_a_fact_carries_its_context_and_its_negation() -> None:
    facts = facts_of({"A": [entry("Rash"), entry("4days", depth=1), entry("no blisters", depth=1)]})
    assert [(fact.text, fact.any_of, fact.negated) for fact in facts] == [
        ("Rash", ("rash",), False),
        ("Rash: 4days", ("4 days",), False),
        ("Rash: no blisters", ("blisters",), True),
    ]


def test_two_clinicians_wordings_become_alternatives_of_one_fact() -> None:
    facts = facts_of(
        {
            "A": [
                entry("Vomiting", "critical"),
                entry("no blood", depth=1),
                entry("Fever"),
                entry("no blood", depth=1),
            ],
            "B": [entry("Vomiting", "non_critical"), entry("no blood in it", "non_critical", depth=1), entry("Tired")],
        }
    )
    assert [fact.text for fact in facts] == ["Vomiting", "Vomiting: no blood", "Fever", "Fever: no blood", "Tired"]
    assert facts[1].any_of == ("blood", "blood in it")
    assert facts[3].any_of == ("blood",)
    assert facts[0].critical, "one of two said critical: an omission is the harm"


def test_irrelevant_entries_are_left_out_and_examination_is_objective() -> None:
    facts = facts_of({"A": [entry("Likes tea", "irrelevant"), entry("chest clear", section="O/e")]})
    assert [(fact.text, fact.section) for fact in facts] == [("chest clear", "objective")]


def test_a_consultation_in_another_language_pairs_up_with_its_english(write_rows: WriteRows) -> None:
    row = {
        "file": "clips/kn.flac",
        "lang": "kn",
        "text": "ನಮಸ್ಕಾರ\nಜ್ವರ ಇದೆ",
        "english": "Hello\nI have fever",
        "kind": "doctor_patient_dialogue_possibly_tts",
        "license": "CC-BY-4.0",
    }
    path = write_rows("audio/speech_multilingual/manifest.jsonl", row)
    (case,) = read_cases("speech_multilingual")
    assert [(turn.speaker, turn.english) for turn in case.turns] == [
        ("clinician", "Hello"),
        ("patient", "I have fever"),
    ]
    assert audio_path(case) == path.parent / "clips" / "kn.flac"
    assert case.synthetic
    write_rows("audio/speech_multilingual/manifest.jsonl", {**row, "english": "Hello"}, row)
    with pytest.raises(DataError, match="they must pair up"):
        read_cases("speech_multilingual")
    assert len(read_rows("speech_multilingual").cases) == 1


def test_cough_types_have_no_speech(data: Path) -> None:
    folder = data / "audio" / "cough_types"
    folder.mkdir(parents=True)
    (folder / "labels.csv").write_text("file,gender,mucus,wheeze,diagnosis,category\nclips/a.flac,male,yes,no,X,A\n")
    (case,) = read_cases("cough_types")
    assert not case.speech
    assert case.attributes["mucus"] is True
    (folder / "labels.csv").write_text("file,gender\nclips/a.flac,male\n")
    with pytest.raises(DataError, match=r"labels\.csv line 2 has no column 'mucus'"):
        read_cases("cough_types")


def test_cases_become_a_hugging_face_dataset(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS, {**KTAS, "id": "b", "injury": True})
    table = as_dataset("ktas1267")
    assert table.num_rows == 2
    assert table["tier"][0] == "EMERGENCY"


@given(st.text(max_size=60))
def test_any_published_id_becomes_an_acceptable_one(text: str) -> None:
    import re

    assert re.fullmatch(r"[A-Za-z0-9_.:-]*", slug(text))


@given(st.lists(st.sampled_from(["Doctor: yes", "Patient: no", "and so on", "", "[patient] hm"]), max_size=12))
def test_no_word_of_a_dialogue_is_lost(lines: list[str]) -> None:
    said = " ".join(turn.text for turn in dialogue(lines))
    words = [word for line in lines for word in line.replace("Doctor:", "").replace("Patient:", "").split()]
    assert said.split() == [word for word in words if word != "[patient]"]


@pytest.mark.parametrize(
    ("text", "age", "sex"),
    [
        ("Mrs. S is a 35 year-old woman", 35.0, Sex.FEMALE),
        ("An 8-year-old boy", 8.0, Sex.MALE),
        ("Elizabeth worries about her son", None, None),
        ("symptoms for 3 years", None, None),
    ],
)
def test_age_and_sex_are_read_only_where_they_are_stated(text: str, age: float | None, sex: Sex | None) -> None:
    assert (age_in(text), sex_in(text)) == (age, sex)
