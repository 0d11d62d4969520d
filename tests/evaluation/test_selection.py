"""Which cases of a suite are run, whatever half of a set is here and whatever its rows look like."""

import json

import pytest

from vaidya.config import RunConfig
from vaidya.errors import DataError, DataMissingError
from vaidya.evaluation.run import jobs
from vaidya.evaluation.score import score_suite
from vaidya.evaluation.selection import left_out, select, selections
from vaidya.evaluation.suite import DatasetSpec, Suite, load_suite
from vaidya.settings import Settings
from vaidya.tracking.evaluation import run_and_track

SECTION = {"section_header": "ALLERGY", "section_text": "None.", "dialogue": "Doctor: Any allergies?\nPatient: No."}
RULES_ALONE = RunConfig(profile="rules", note={"writer": "extractive"}, triage={"model": False})


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder of its own: `data(file, *rows)` writes a file of MTS-Dialog."""
    monkeypatch.setattr("vaidya.corpora.sets.settings", lambda: Settings(data=tmp_path))

    def write(name, *rows):
        path = tmp_path / "notes" / "mts-dialog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps({**SECTION, **row}) + "\n" for row in rows))

    return write


def suite_of(*datasets, **changes):
    return Suite(suite="s", description="d", datasets=datasets, scorers=("triage", "note"), **changes)


MTS = next(spec for spec in load_suite("note_quality").datasets if spec.name == "mts-dialog")


@pytest.mark.parametrize("name", ["valid", "test1", "test2", "held_out"])
def test_whatever_the_held_out_part_is_called_it_is_taken_and_training_never(data, name):
    data("train.jsonl", {"id": "seen"})
    data(f"{name}.jsonl", {"id": "unseen"})
    assert [case.id for case in select(MTS, seed=7).cases] == ["unseen"]


def test_the_suite_names_no_part_that_only_one_copy_of_a_set_has():
    for spec in load_suite("note_quality").datasets:
        assert spec.split is None


def test_a_set_with_its_training_part_alone_gives_a_row_without_a_number_and_the_reason(data):
    data("train.jsonl", {"id": "a"})
    suite = suite_of(MTS)
    (job,) = jobs(suite, RULES_ALONE)
    assert job.cases == ()
    (row,) = run_and_track(suite, RULES_ALONE, quiet=True, store="jsonl").rows
    assert (row.dataset, row.value, row.n_scored) == ("mts-dialog", None, 0)
    assert row.reason == "NO_CASES: no case of a split other than 'train'; here is train"


def test_one_set_that_cannot_be_read_leaves_the_others_unharmed(data, tmp_path):
    (tmp_path / "notes" / "mts-dialog").mkdir(parents=True)
    result = run_and_track(
        suite_of(DatasetSpec(name="cases", entry="english", limit=2), MTS, DatasetSpec(name="ktas1267")),
        RULES_ALONE,
        quiet=True,
        store="jsonl",
    )
    none = next(row for row in result.rows if row.dataset == "mts-dialog")
    assert none.value is None
    assert none.reason.startswith("DATA_MISSING: ")
    assert any(row.dataset == "cases" and row.value is not None for row in result.rows)
    assert any(line.startswith("mts-dialog: nothing run. DATA_MISSING") for line in result.left_out)
    assert list(result.missing) == ["ktas1267"]


def test_rows_that_give_no_case_are_counted_and_named(data):
    data("test1.jsonl", {"id": "a"}, {"id": None}, {"id": "b"}, {"id": "c", "dialogue": None})
    chosen = select(MTS, seed=7)
    assert [case.id for case in chosen.cases] == ["a", "b"]
    assert [why.split(" does")[0] for why in chosen.refused] == ["test1.jsonl line 2", "test1.jsonl line 4"]
    (line,) = (line for line in left_out(suite_of(MTS)) if "no case" in line)
    assert line.startswith("mts-dialog: 2 rows give no case. test1.jsonl line 2 does not fit: column id")


def test_a_suite_of_which_nothing_can_be_read_is_an_error(data, tmp_path):
    with pytest.raises(DataMissingError, match="ktas1267"):
        selections(suite_of(DatasetSpec(name="ktas1267")))
    (tmp_path / "notes" / "mts-dialog").mkdir(parents=True)
    with pytest.raises(DataError, match=r"no \*\.jsonl"):
        selections(suite_of(MTS))


def test_a_larger_limit_contains_the_smaller_one():
    small = select(DatasetSpec(name="cases", limit=5), seed=7)
    large = select(DatasetSpec(name="cases", limit=9), seed=7)
    assert {case.id for case in small.cases} < {case.id for case in large.cases}
    assert small.left_out == large.left_out + 4 > 4


@pytest.mark.parametrize("limit", [2, 9])
def test_a_limit_that_is_given_stands_in_place_of_the_suites_lower_or_higher(limit):
    assert len(select(DatasetSpec(name="cases", limit=5), seed=7, limit=limit).cases) == limit


def test_an_arm_without_cases_has_no_other_rows(data):
    data("train.jsonl", {"id": "a"})
    from vaidya.evaluation.run import run_job

    suite = suite_of(MTS, baselines=("longest_turn",))
    runs = [run_job(job, pipeline=None) for job in jobs(suite, RULES_ALONE)]  # no case: no pipeline is asked
    assert [row.value for row in score_suite(suite, runs)] == [None]
