"""Published layouts, with text of our own -> JSONL that the readers take."""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from vaidya.corpora import convert, read_cases
from vaidya.corpora.scores import mts_human_scores
from vaidya.errors import DataError
from vaidya.schema import Tier


def write_csv(path: Path, rows: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_mts_tables_become_splits(data: Path) -> None:
    folder = data / "notes" / "mts-dialog"
    row = {"ID": "4", "section_header": "CC", "section_text": "Cough.", "dialogue": "Doctor: Why?\nPatient: A cough."}
    write_csv(folder / "raw" / "valid.csv", [row])
    convert.mts_dialog(folder)
    (case,) = read_cases("mts-dialog")
    assert (case.id, case.section_header, case.note) == ("mts-valid-4", "CC", "Cough.")
    assert len(case.turns) == 2


def test_aci_encounters_are_joined_with_their_metadata(data: Path) -> None:
    folder = data / "notes" / "aci-bench"
    said = "[doctor] hello\n[patient] hi"
    write_csv(
        folder / "raw" / "train.csv", [{"dataset": "aci", "encounter_id": "E1", "dialogue": said, "note": "Fine."}]
    )
    about = {"encounter_id": "E1", "patient_gender": "male", "patient_age": "40", "cc": "cold", "2nd_complaints": ""}
    write_csv(folder / "raw" / "train_metadata.csv", [{**about, "patient_firstname": "SECRET"}])
    convert.aci_bench(folder)
    assert "SECRET" not in (folder / "train.jsonl").read_text(encoding="utf-8")
    (case,) = read_cases("aci-bench")
    assert (case.patient.age, case.note) == (40.0, "Fine.")


KTAS_ROW = {
    "Sex": "2",
    "Age": "71",
    "Arrival mode": "2",
    "Injury": "1",
    "Chief_complain": "dyspnea",
    "Mental": "1",
    "Pain": "0",
    "NRS_pain": "#BOÞ!",
    "SBP": "160",
    "DBP": "100",
    "HR": "84",
    "RR": "18",
    "BT": "36,6",
    "Saturation": "",
    "KTAS_RN": "2",
    "Diagnosis in ED": "SECRET",
    "Disposition": "1",
    "KTAS_expert": "4",
}


def test_the_ktas_table_is_decoded_without_what_is_known_later(data: Path) -> None:
    folder = data / "triage" / "ktas1267"
    lost = {**KTAS_ROW, "Chief_complain": "??", "Arrival mode": "7"}
    write_csv(folder / "raw" / "data.csv", [KTAS_ROW, lost], delimiter=";", encoding="latin-1")
    convert.ktas1267(folder)
    assert "SECRET" not in (folder / "cases.jsonl").read_text(encoding="utf-8")
    first, second = read_cases("ktas1267")
    assert first.tier is Tier.SEMI_URGENT
    assert first.attributes["nurse_tier"] == "EMERGENCY"
    assert first.vitals.temperature == 36.6
    assert first.vitals.spo2 is None
    assert first.vitals.pain is None
    assert first.attributes["arrival_mode"] == "public ambulance"
    assert (second.complaint, second.attributes["arrival_mode"]) == (None, "other")


def test_a_table_that_is_not_the_published_one_is_refused(data: Path) -> None:
    folder = data / "triage" / "ktas1267"
    write_csv(folder / "raw" / "data.csv", [{"a": "1"}], delimiter=";")
    with pytest.raises(DataError, match="has no column 'KTAS_expert'"):
        convert.ktas1267(folder)
    assert not (folder / "cases.jsonl").exists()


def test_messages_are_mapped_to_tiers(data: Path) -> None:
    folder = data / "triage" / "physician200"
    row = {"name": "n1", "message": "m", "hazard_category": "h", "detection_truth": 1, "required_actions": []}
    rows = [
        {**row, "action_truth": "Call 911/988"},
        {**row, "name": "n2", "action_truth": "None", "required_actions": ["avoid_false_alarm"]},
        {**row, "name": "n3", "action_truth": "None"},
    ]
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "physician_test_clean_n200.json").write_text(json.dumps(rows), encoding="utf-8")
    convert.physician200(folder)
    accepted = [case.acceptable_tiers for case in read_cases("physician200")]
    assert accepted == [(Tier.EMERGENCY,), (Tier.SEMI_URGENT, Tier.ROUTINE), None]


def test_vignettes_are_mapped_to_tiers_and_unknown_labels_refused(data: Path) -> None:
    raw = data / "triage" / "semigran45" / "raw"
    raw.mkdir(parents=True)
    path = raw / "semigran_vignettes.json-lines"
    path.write_text(json.dumps({"text": "A 30-year-old man.", "label": "self-care"}) + "\n", encoding="utf-8")
    convert.semigran45(raw.parent)
    (case,) = read_cases("semigran45")
    assert case.tier is Tier.ROUTINE
    path.write_text(json.dumps({"text": "x", "label": "soon"}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: label 'soon'"):
        convert.semigran45(raw.parent)


TEXTGRID = """        intervals [1]:
            xmin = 0.0
            xmax = 1.5
            text = ""
        intervals [2]:
            xmin = 1.5
            xmax = 2.25
            text = "He said ""no"" twice"
"""


def test_transcripts_come_out_of_their_archives(data: Path) -> None:
    osce, primock = data / "dialogues" / "osce272", data / "notes" / "primock57"
    (osce / "raw").mkdir(parents=True)
    (primock / "raw").mkdir(parents=True)
    with zipfile.ZipFile(osce / "raw" / "transcripts.zip", "w") as archive:
        archive.writestr("repo-1/MedData/Clean Transcripts/RES0001.txt", "D: Why are you\nhere?\n\nP: I cough.\n")
        archive.writestr("repo-1/README.txt", "D: not a transcript")
    with zipfile.ZipFile(primock / "raw" / "primock57.zip", "w") as archive:
        note = {"presenting_complaint": "cold", "note": "URTI", "highlights": []}
        archive.writestr("primock57-1/notes/day1_consultation01.json", json.dumps(note))
        archive.writestr("primock57-1/transcripts/day1_consultation01_doctor.TextGrid", TEXTGRID)
        archive.writestr("primock57-1/transcripts/day1_consultation01_patient.TextGrid", TEXTGRID.replace("1.5", "1.0"))
    convert.osce272(osce)
    convert.primock57(primock)
    (spoken,) = read_cases("osce272")
    assert [(turn.speaker, turn.text) for turn in spoken.turns] == [
        ("clinician", "Why are you here?"),
        ("patient", "I cough."),
    ]
    assert spoken.attributes["system"] == "respiratory"
    (visit,) = read_cases("primock57")
    assert [(turn.speaker, turn.text) for turn in visit.turns] == [
        ("patient", 'He said "no" twice'),
        ("clinician", 'He said "no" twice'),
    ]
    assert visit.note == "URTI"


def test_human_scores_stand_beside_their_notes(data: Path) -> None:
    folder = data / "notes" / "mts-dialog" / "correlation-study"
    note = {"ID": "0", "Dialogue": "d", "Reference Summary": "r", "Automatic Summary": "a"}
    score = {"FactualPrecision": "1", "FactualRecall": "0.5", "FactualF1": "0.67", "HallucinationRate": "0"}
    write_csv(folder / "automatic_summaries.csv", [note])
    write_csv(folder / "manual_scores.csv", [{**score, "OmissionRate": "-1"}])
    (scored,) = mts_human_scores()
    assert (scored.reference, scored.automatic, scored.factual_recall, scored.omission_rate) == ("r", "a", 0.5, None)
    write_csv(folder / "automatic_summaries.csv", [note, note])
    with pytest.raises(DataError, match="2 notes and 1 rows of scores"):
        mts_human_scores()
