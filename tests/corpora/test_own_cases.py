"""The cases of eval/cases: complete, consistent with the clinical rules, and rendered as their files say."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from vaidya.corpora import audio_path, read_cases
from vaidya.corpora.own import read_case
from vaidya.errors import DataError
from vaidya.schema import Case, Tier
from vaidya.triage.news2 import news2
from vaidya.triage.vitals import is_adult, vitals_reasons

CASES = read_cases("cases")
SPOKEN = [case for case in CASES if case.turns]
SILENT = [case for case in CASES if not case.turns]
SCRIPTS = {"hi": "\u0900-\u097f", "ta": "\u0b80-\u0bff", "te": "\u0c00-\u0c7f", "kn": "\u0c80-\u0cff"}
ADULT_AGE = 16.0


def english(case: Case) -> str:
    return " ".join((turn.english or turn.text) for turn in case.turns).lower()


def test_there_are_enough_of_every_kind() -> None:
    assert len(SPOKEN) >= 32
    assert len(SILENT) >= 12
    languages = Counter(case.language for case in SPOKEN)
    assert languages.keys() == {"en", *SCRIPTS}
    assert all(languages[language] >= 4 for language in SCRIPTS)
    tiers = Counter(case.tier for case in SPOKEN)
    assert all(tiers[tier] >= 8 for tier in Tier)
    assert sum(case.audio is not None for case in SPOKEN if case.language == "en") >= 16


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: case.id)
def test_a_consultation_has_a_tier_with_its_reason_and_facts(case: Case) -> None:
    assert case.tier is not None
    assert case.acceptable_tiers is not None
    assert case.tier in case.acceptable_tiers
    assert case.tier_reason
    assert case.synthetic
    assert len(case.facts) >= 4
    assert any(fact.critical for fact in case.facts)


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: case.id)
def test_every_fact_was_said(case: Case) -> None:
    said = english(case)
    for fact in case.facts:
        assert any(wording in said for wording in fact.any_of), fact.text


@pytest.mark.parametrize("case", [c for c in SPOKEN if c.language in SCRIPTS], ids=lambda case: case.id)
def test_other_languages_are_in_their_script_with_english_beside(case: Case) -> None:
    said = " ".join(turn.text for turn in case.turns)
    native = re.findall(f"[{SCRIPTS[str(case.language)]}]", said)
    latin = re.findall("[A-Za-z]", said)
    assert len(native) > 0.4 * (len(native) + len(latin)), "English words are mixed in where a case says so"
    assert all(turn.english and turn.english.isascii() for turn in case.turns)


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: case.id)
def test_no_reference_is_milder_than_what_the_vital_signs_demand(case: Case) -> None:
    assert case.tier is not None
    if case.vitals.measured() and is_adult(case.patient, ADULT_AGE):  # the score is not valid for the others
        for reason in vitals_reasons(case.vitals, case.patient, ADULT_AGE):
            assert reason.tier is None or case.tier >= reason.tier


@pytest.mark.parametrize("case", [c for c in CASES if c.tier_reason], ids=lambda case: case.id)
def test_a_score_that_a_reason_states_is_the_score(case: Case) -> None:
    stated = re.search(
        r"NEWS2(?: of what was measured)?(?: on scale 1)? (?:is|would be) (\d+)\b", str(case.tier_reason)
    )
    if stated:
        assert news2(case.vitals).score == int(stated[1])


def test_routine_needs_all_six_core_vitals() -> None:
    core = {"respirations", "spo2", "pulse", "sbp", "temperature", "consciousness"}
    for case in CASES:
        if case.tier is Tier.ROUTINE:
            assert core <= case.vitals.measured().keys(), case.id


@pytest.mark.parametrize("case", [c for c in CASES if c.audio], ids=lambda case: case.id)
def test_a_recording_is_there_and_as_long_as_its_kind(case: Case) -> None:
    path = audio_path(case)
    assert path is not None
    assert path.is_file()
    if case.turns:
        assert 20 <= soundfile.info(path).duration <= 60
        assert case.attributes["voice_patient"] != case.attributes["voice_clinician"]


def test_recordings_are_the_ones_that_were_judged(repository: Path) -> None:
    folder = repository / "eval" / "cases" / "audio"
    listed = dict(line.split("  ")[::-1] for line in (folder / "SHA256").read_text(encoding="utf-8").splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.ogg")}
    assert found == listed
    assert sum(path.stat().st_size for path in folder.glob("*.ogg")) <= 20e6
    assert {Path(str(case.audio)).name for case in CASES if case.audio} == found.keys()


def test_a_wrong_case_file_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "en-wrong.yaml"
    path.write_text("language: en\nvitals: {spo2: 140}\ntierr: ROUTINE\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"en-wrong\.yaml does not fit the schema") as refusal:
        read_case(path)
    assert "vitals.spo2" in str(refusal.value)
    assert "tierr" in str(refusal.value)
