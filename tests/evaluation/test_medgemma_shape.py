"""`vaidya eval note_quality --profile g5` on random weights of MedGemma's form: the same path, where no GPU is."""

import pytest

from tests.llm.tiny_checkpoint import write_image_text_checkpoint
from vaidya.config import load_profile
from vaidya.evaluation.suite import load_suite
from vaidya.tracking.evaluation import run_and_track

REPLIES = ("schema_valid_first", "schema_valid_repaired", "schema_valid_retried")


@pytest.mark.slow
def test_a_model_that_writes_at_random_gives_rows_and_no_note_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("vaidya.evaluation.kept.repository_root", lambda: tmp_path)
    weights = write_image_text_checkpoint(tmp_path / "medgemma", context=32_768)
    here = {"llm.weights": str(weights), "llm.device": "cpu", "llm.dtype": "float32", "llm.max_tokens": 24}
    suite = load_suite("note_quality")
    (own,) = (spec.model_copy(update={"limit": 2}) for spec in suite.datasets if spec.name == "cases")
    suite = suite.model_copy(update={"datasets": (own,), "arms": suite.arms[:1]})
    result = run_and_track(suite, load_profile("g5").override(here), quiet=True, store="jsonl")
    rows = {row.metric: row for row in result.rows if row.arm == "vaidya"}
    assert [(rows[name].value, rows[name].n_scored) for name in REPLIES] == [(0.0, 2)] * 3
    assert (rows["notes_extractive"].value, rows["notes_abstained"].value) == (1.0, 0.0)
    assert rows["omitted_critical_facts"].value < 0.5  # what was said is in the note, whoever wrote it
