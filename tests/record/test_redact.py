"""What identifies a person is found and replaced; what a clinician needs stays."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.record.identifiers import luhn, verhoeff
from vaidya.record.redact import find, kinds, redact

REDACTED = [
    ("मेरा नाम राम कुमार है और मेरा मोबाइल ९८४५० १२३४५ है", ("राम", "कुमार", "९८४५०"), ("मेरा", "है")),
    ("என் பெயர் முருகன்", ("முருகன்",), ("பெயர்",)),
    ("నా పేరు లక్ష్మి", ("లక్ష్మి",), ("పేరు",)),
    ("ನನ್ನ ಹೆಸರು ಗೀತಾ", ("ಗೀತಾ",), ("ಹೆಸರು",)),
    ("Shri Ramesh Gowda, Flat No. 4B, MG Road, Bengaluru - 560001", ("Ramesh", "Gowda", "4B", "560001"), ()),
    ("seen by Dr. A. P. J. Rao at Victoria Hospital", ("Rao", "Victoria"), ("seen by",)),
    ("my aadhaar number is 4001 2345 6787, abha 91-1234-5678-9012", ("4001", "6787", "9012"), ("my",)),
    ("pan ABBPM4567S gstin 27ABCDE1234F1Z5", ("ABBPM4567S", "27ABCDE1234F1Z5"), ("pan", "gstin")),
    ("voter DBJ2289013, passport T3569075, car KA 01 AB 1234", ("DBJ2289013", "T3569075", "1234"), ("car",)),
    ("pay ramesh@okaxis or write to r.g@mail.example.in", ("ramesh", "r.g@"), ("pay", "or write to")),
    ("call nine eight four five zero one two three four five please", ("nine", "zero"), ("call", "please")),
    ("born on 12/03/1956, admitted 3rd March 2024", ("1956", "March"), ("born on", "admitted")),
    ("My name is suresh and i have fever", ("suresh",), ("fever",)),
]
KEPT = [
    "BP 120/80, SpO2 93 %, temperature 38.5, pulse 104, respirations 24",
    "took 500 mg paracetamol for 3 days since 2 weeks",
    "I am diabetic and breathless at rest, pain 8 of 10",
    "history of Parkinson's disease, hepatitis B, type 2 diabetes; Glasgow Coma Scale 15",
    "सीने में दर्द दो दिन से, सांस फूलती है",
    "HbA1c 7.2, creatinine 1.4, INR 2.5, since 2019",
]


@pytest.mark.parametrize(("text", "gone", "kept"), REDACTED)
def test_identifiers_go_and_the_rest_stays(text, gone, kept):
    shown = redact(text)
    assert not [word for word in gone if word in shown]
    assert all(word in shown for word in kept)


@pytest.mark.parametrize("text", KEPT)
def test_clinical_words_and_numbers_stay(text):
    assert redact(text) == text


def test_of_two_overlapping_finds_nothing_is_left_over():
    text = "Flat No. 4B, MG Road, Bengaluru 560001, 12 March 1956"
    spans = find(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert {i for s in kinds(text) for i in range(s.start, s.end)} == {i for s in spans for i in range(s.start, s.end)}


# Verhoeff 1969: 236 takes 3. Luhn, ISO/IEC 7812-1 annex B: 7992739871 takes 3.
@pytest.mark.parametrize(("check", "number", "last"), [(verhoeff, "236", 3), (luhn, "7992739871", 3)])
def test_exactly_one_check_digit_is_right(check, number, last):
    assert [d for d in range(10) if check(f"{number}{d}")] == [last]


@given(number=st.text("0123456789", min_size=4, max_size=14), where=st.integers(0, 12))
def test_verhoeff_catches_every_neighbouring_transposition(number, where):
    full = next(number + str(d) for d in range(10) if verhoeff(number + str(d)))
    i = where % (len(full) - 1)
    swapped = full[:i] + full[i + 1] + full[i] + full[i + 2 :]
    assert verhoeff(swapped) == (swapped == full)


@given(text=st.text(max_size=300))
def test_any_text_can_be_redacted_and_only_finds_change(text):
    spans = find(text)
    rest = "".join(text[a.end : b.start] for a, b in zip([None, *spans], [*spans, None], strict=True) if a and b)
    assert rest in "".join(c for i, c in enumerate(text) if not any(s.start <= i < s.end for s in spans))


# --- on labelled public text ------------------------------------------------------------------------------------

# The classes of these sets that identify a patient; job titles, organisations and nationalities do not.
IDENTIFYING = {
    "NAME", "GEOGRAPHIC_LOCATION", "DATE", "UNIQUE_IDENTIFIER", "EMAIL_ADDRESS", "MEDICAL_RECORD_NUMBER",
    "HEALTH_PLAN_BENEFICIARY_NUMBER", "PHONE_NUMBER", "SOCIAL_SECURITY_NUMBER", "ACCOUNT_NUMBER", "PERSON", "EMAIL",
    "PHONE", "AADHAR", "PAN", "VOTER_ID", "PASSPORT", "CREDIT_CARD", "IBAN", "IBAN_CODE", "SSN", "PATIENT_ID",
}  # fmt: skip
INDIAN = {
    "IN_AADHAAR": "AADHAAR", "IN_GSTIN": "GSTIN", "IN_PAN": "PAN", "IN_PASSPORT": "PASSPORT", "IN_VOTER": "VOTER_ID",
    "IN_VEHICLE_REGISTRATION": "VEHICLE",
}  # fmt: skip
TITLES = ("Dr.", "Dr", "Mr.", "Mr", "Mrs.", "Ms.", "patient ID:", "Patient ID:", "patient ID")


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")]


def covered(row: dict, gold: dict) -> bool:
    """Whether every letter and digit of the value, a title before it apart, was found."""
    lead = next((len(t) for t in TITLES if gold["value"].startswith(t + " ")), 0)
    wanted = {i for i in range(gold["start"] + lead, gold["end"]) if row["text"][i].isalnum()}
    return wanted <= {i for span in find(row["text"]) for i in range(span.start, span.end)}


def recall(folder: Path) -> tuple[Counter, Counter]:
    found, total = Counter(), Counter()
    for row in rows(folder):
        for gold in row["spans"]:
            if gold["start"] is not None and gold["type"] in IDENTIFYING:
                total[gold["type"]] += 1
                found[gold["type"]] += covered(row, gold)
    return found, total


@pytest.mark.data
def test_recall_on_clinical_queries(data_folder):
    found, total = recall(data_folder / "deid" / "synthetic-clinical-queries")
    assert found.total() / total.total() >= 0.9
    for kind in ("NAME", "MEDICAL_RECORD_NUMBER", "PHONE_NUMBER"):
        assert found[kind] / total[kind] >= 0.9, kind


@pytest.mark.data
def test_queries_without_identifiers_mostly_stay_whole(data_folder):
    clean = [row["text"] for row in rows(data_folder / "deid" / "synthetic-clinical-queries") if not row["spans"]]
    assert sum(redact(text) == text for text in clean) / len(clean) >= 0.85


@pytest.mark.data
def test_recall_on_short_business_sentences(data_folder):
    found, total = recall(data_folder / "deid" / "pii-synthetic-nano")
    assert found.total() / total.total() >= 0.85


@pytest.mark.data
def test_indian_formats(data_folder):
    cases = rows(data_folder / "deid" / "india-id-formats")
    wrong = [
        c["id"] for c in cases if sum(s.kind == INDIAN[c["type"]] for s in kinds(c["text"])) != c["expected_count"]
    ]
    assert len(wrong) / len(cases) <= 0.1, wrong
