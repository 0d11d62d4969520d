"""The nearest training section as a baseline: under the same heading, and never from a dialogue that is judged."""

import json

import pytest

from vaidya.evaluation.baseline import baseline_outcomes
from vaidya.evaluation.outcome import Outcome
from vaidya.settings import settings
from vaidya.testing import make_case

pytest.importorskip("sklearn")
ROWS = [
    ("CC", "Doctor: What is wrong?\nPatient: My left knee hurts.", "Knee pain."),
    ("ALLERGY", "Doctor: Which knee hurts?\nPatient: The knee hurts when I take penicillin.", "Penicillin."),
    ("CC", "Doctor: What is wrong?\nPatient: I cough at night.", "Cough."),
    ("CC", "Patient: My knee has hurt since the fall.", "This is the judged dialogue itself."),
]


@pytest.fixture
def training_part(tmp_path, monkeypatch):
    folder = tmp_path / "notes" / "mts-dialog"
    folder.mkdir(parents=True)
    rows = [
        {"id": f"t{i}", "section_header": header, "dialogue": dialogue, "section_text": text}
        for i, (header, dialogue, text) in enumerate(ROWS)
    ]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setenv("VAIDYA_DATA", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


def judged(**changes):
    return make_case(
        "v0", ["My knee has hurt since the fall."], dataset="mts-dialog", note="Knee pain after a fall.", **changes
    )


@pytest.mark.usefixtures("training_part")
def test_the_nearest_training_section_stands_for_the_case():
    found = baseline_outcomes("nearest_training", [Outcome(judged(section_header="CC"))])
    assert found is not None
    assert [outcome.section for outcome in found] == ["Knee pain."]


@pytest.mark.usefixtures("training_part")
def test_a_case_that_asks_for_no_section_has_no_such_baseline():
    assert baseline_outcomes("nearest_training", [Outcome(judged())]) is None
