"""Every public set that VAIDYA_DATA holds, whichever half of it."""

import json
from pathlib import Path

import pytest

from vaidya.corpora import audio_path, data_sets, read_cases
from vaidya.errors import DataError
from vaidya.schema import Case

pytestmark = pytest.mark.data

TEXT_SETS = ["aci-bench", "mts-dialog", "primock57", "osce272", "semigran45", "physician200", "ktas1267"]


def cases_of(name: str) -> list[Case]:
    try:
        return read_cases(name)
    except DataError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", [*TEXT_SETS, "speech_multilingual"])
def test_every_row_of_every_file_becomes_a_case(data_folder: Path, name: str) -> None:
    folder = data_folder / str(data_sets()[name].folder)
    rows = [line for path in folder.glob("*.jsonl") for line in path.read_text(encoding="utf-8").split("\n") if line]
    cases = cases_of(name)
    assert len(cases) == len(rows) > 0
    assert len({case.id for case in cases}) == len(cases)


@pytest.mark.parametrize("name", [*TEXT_SETS, "speech_multilingual", "cough_types", "respiratory"])
def test_cases_survive_the_way_through_json(data_folder: Path, name: str) -> None:
    for case in cases_of(name)[:50]:
        assert Case.model_validate_json(case.model_dump_json()) == case


@pytest.mark.parametrize("name", ["speech_multilingual", "cough_types", "respiratory"])
def test_every_recording_is_there(data_folder: Path, name: str) -> None:
    assert all((path := audio_path(case)) is not None and path.is_file() for case in cases_of(name))


def test_ktas_gives_no_diagnosis_of_its_patients(data_folder: Path) -> None:
    folder = data_folder / "triage" / "ktas1267"
    rows = [json.loads(line) for path in folder.glob("*.jsonl") for line in path.open(encoding="utf-8")]
    for row, case in zip(rows, cases_of("ktas1267"), strict=True):
        given = case.model_dump_json(exclude={"complaint"})
        assert row["ed_diagnosis"] not in given or row["ed_diagnosis"] in (row["chief_complaint"] or "")


def test_speakers_of_dialogues_are_known(data_folder: Path) -> None:
    turns = [turn for case in cases_of("mts-dialog") for turn in case.turns]
    assert sum(turn.speaker == "unknown" for turn in turns) <= 0.01 * len(turns)


def test_primock_facts_name_a_wording_each(data_folder: Path) -> None:
    facts = [fact for case in cases_of("primock57") for fact in case.facts]
    assert facts
    assert all(fact.any_of and all(wording == wording.lower() for wording in fact.any_of) for fact in facts)
    assert 0.5 < sum(fact.critical for fact in facts) / len(facts) < 0.95
