"""Who is seen next, from the command line."""

import json

from vaidya.schema import TriageRecord


def test_saved_records_are_listed_the_most_severe_first(vaidya, tmp_path):
    folder = tmp_path / "today"
    for given in (("--complaint", "red eye"), ("--sbp", 62), ("--complaint", "dizziness")):
        code, out, _ = vaidya("triage", *given, "--age", 50, "--save", folder, "--json")
        assert code == 0
    code, out, _ = vaidya("worklist", folder, "--json")
    records = [TriageRecord.model_validate_json(line) for line in out.splitlines()]
    assert code == 0
    assert [record.vitals.sbp for record in records] == [62, None, None]
    severities = [record.decision.tier.severity for record in records]
    assert severities == sorted(severities, reverse=True)
    _, shown, _ = vaidya("worklist", folder)
    assert shown.index("EMERGENCY") == 0
    assert all(record.record_id in shown for record in records)


def test_what_is_kept_is_the_record_and_what_is_printed_may_be_redacted(vaidya, tmp_path):
    words = "My name is Lakshmi Narayanan, I have chest pain"
    _, out, _ = vaidya("triage", "--complaint", words, "--save", tmp_path / "today", "--redacted", "--json")
    assert "Lakshmi" not in out
    _, kept, _ = vaidya("worklist", tmp_path / "today", "--json")
    assert json.loads(kept)["complaint"] == words


def test_an_empty_folder_is_said(vaidya, tmp_path):
    code, out, _ = vaidya("worklist", tmp_path)
    assert (code, out.startswith("no record in")) == (0, True)
