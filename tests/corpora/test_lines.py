from pathlib import Path

import pytest

from tests.corpora.conftest import KTAS, WriteRows
from vaidya.corpora import folder_of, read_cases, read_rows
from vaidya.errors import DataError, DataMissingError
from vaidya.settings import settings


def test_every_jsonl_of_a_folder_is_read_whatever_its_name(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS)
    write_rows("triage/ktas1267/held_out_7.jsonl", {**KTAS, "id": "ktas-2"})
    cases = read_cases("ktas1267")
    assert [(case.id, case.attributes["split"]) for case in cases] == [("ktas-1", "cases"), ("ktas-2", "held_out_7")]


def test_a_row_may_name_its_split(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/all.jsonl", {**KTAS, "split": "train"}, {**KTAS, "id": "b", "split": "test"})
    assert [case.id for case in read_cases("ktas1267", split="test")] == ["b"]


def test_a_limit_takes_the_first_rows(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/a.jsonl", *({**KTAS, "id": f"k{n}"} for n in range(5)))
    assert [case.id for case in read_cases("ktas1267", limit=2)] == ["k0", "k1"]


@pytest.mark.parametrize(("line", "message"), [("{broken", "is not JSON"), ("[1, 2]", "a JSON object is needed")])
def test_a_malformed_line_is_named_by_file_and_number(write_rows: WriteRows, line: str, message: str) -> None:
    path = write_rows("triage/ktas1267/cases.jsonl", KTAS)
    path.write_text(path.read_text(encoding="utf-8") + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"cases\.jsonl line 3") as refusal:
        read_cases("ktas1267")
    assert message in str(refusal.value)
    assert refusal.value.code == "DATA"


def test_a_wrong_column_is_named_without_its_value(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS, {**KTAS, "sbp": "SECRET PRESSURE"})
    with pytest.raises(DataError, match=r"cases\.jsonl line 2 does not fit: column sbp") as refusal:
        read_cases("ktas1267")
    assert "SECRET" not in str(refusal.value)


def test_a_tier_that_is_none_is_refused(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/cases.jsonl", {**KTAS, "suggested_tier": "PURPLE"})
    with pytest.raises(DataError, match="'PURPLE' is not a tier"):
        read_cases("ktas1267")


def test_ids_that_come_twice_are_told_apart(write_rows: WriteRows) -> None:
    write_rows("triage/ktas1267/a.jsonl", KTAS, KTAS)
    assert [case.id for case in read_cases("ktas1267")] == ["ktas-1", "ktas-1.2"]


def test_unknown_sets_and_missing_folders_are_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no data set 'mimic'"):
        read_cases("mimic")
    with pytest.raises(DataError, match="vaidya data list"):
        folder_of("ktas1267")
    (data / "triage" / "ktas1267").mkdir(parents=True)
    with pytest.raises(DataMissingError, match=r"has no \*\.jsonl"):
        read_cases("ktas1267")
    monkeypatch.setenv("VAIDYA_DATA", "")
    monkeypatch.delenv("VAIDYA_DATA")
    settings.cache_clear()
    with pytest.raises(DataError, match="VAIDYA_DATA is not set"):
        folder_of("ktas1267")


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"suggested_tier": None}, "None is not a tier"),
        ({"sbp": "SECRET"}, "column sbp"),
        ({"id": None}, "column id"),
        ({"id": ""}, "field id"),
    ],
)
def test_an_odd_row_costs_that_row_alone(write_rows: WriteRows, odd: dict[str, object], why: str) -> None:
    write_rows("triage/ktas1267/cases.jsonl", KTAS, {**KTAS, **odd}, {**KTAS, "id": "ktas-3"})
    found = read_rows("ktas1267")
    assert [case.id for case in found.cases] == ["ktas-1", "ktas-3"]
    (refused,) = found.refused
    assert "cases.jsonl line 2" in refused
    assert why in refused
    assert "SECRET" not in refused


def test_a_line_that_is_no_json_costs_that_line_alone(write_rows: WriteRows) -> None:
    path = write_rows("triage/ktas1267/cases.jsonl", KTAS)
    path.write_text("{broken\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = read_rows("ktas1267")
    assert [case.id for case in found.cases] == ["ktas-1"]
    assert found.refused == ("cases.jsonl line 1 is not JSON: repair or remove the line",)


@pytest.mark.parametrize("age", ["nan", 999, None, "", -1])
def test_an_age_that_is_nobodys_is_unknown_and_the_row_stays(write_rows: WriteRows, age: object) -> None:
    write_rows("triage/ktas1267/cases.jsonl", {**KTAS, "age": age})
    (case,) = read_cases("ktas1267")
    assert case.patient.age is None
    assert case.attributes["age_band"] is None
