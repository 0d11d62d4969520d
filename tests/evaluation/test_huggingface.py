"""Every metric of eval/metrics loads with `evaluate.load`, offline, and gives what the pure function gives."""

from pathlib import Path

import pytest

from vaidya.schema import Decision, Tier
from vaidya.testing import make_case, make_record

evaluate = pytest.importorskip("evaluate")

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.name for path in (ROOT / "eval" / "metrics").iterdir() if path.is_dir())


@pytest.fixture(autouse=True)
def _offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path))
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", MODULES)
def test_it_loads_and_has_a_card(name):
    metric = evaluate.load(f"eval/metrics/{name}")
    assert metric.description
    assert (ROOT / "eval" / "cards" / f"{name}.md").exists()


def test_rouge_is_rouge_scores_own_number():
    from rouge_score.rouge_scorer import RougeScorer

    said, meant = "chest pain for two hours spreading to the arm", "two hours of chest pain, spreads to left arm"
    ours = evaluate.load("eval/metrics/rouge1").compute(predictions=[said], references=[meant])
    theirs = RougeScorer(["rouge1"], use_stemmer=True).score(meant, said)["rouge1"].fmeasure
    assert ours["value"] == pytest.approx(theirs)


def test_every_card_is_a_metric_that_loads():
    """But for what is no number of a list of records: parts of another metric, pairs of cases, stages, times."""
    cards = {path.stem for path in (ROOT / "eval" / "cards").glob("*.md")}
    parts = {"event_f1", "words"}
    pairs = {"metamorphic_violations", "facts_lost", "tier_lowered"}
    times = {"latency", "preliminary_s_p95", "seconds_per_note", "tokens_per_note"}
    assert cards - set(MODULES) == parts | pairs | times


def test_records_are_scored_as_in_a_suite():
    records = [make_record(), make_record(decision=Decision(tier=Tier.URGENT, needs_human=True))]
    cases = [make_case("one", ["It hurts."], Tier.URGENT), make_case("two", ["It hurts."], Tier.URGENT)]
    given = {"predictions": [r.model_dump_json() for r in records], "references": [c.model_dump_json() for c in cases]}
    asked = evaluate.load("eval/metrics/needs_human").compute(**given)
    assert asked == {"value": 0.5, "errors": 1, "total": 2}
    assert evaluate.load("eval/metrics/words_in_non_speech").compute(**given)["value"] is None


def test_cards_say_what_a_metric_cannot_show():
    for card in (ROOT / "eval" / "cards").glob("*.md"):
        text = card.read_text().lower()
        assert "source" in text or "definition" in text, card.name
        assert len(text) > 300, card.name


def test_modules_hold_no_computation():
    for name in MODULES:
        source = (ROOT / "eval" / "metrics" / name / f"{name}.py").read_text()
        assert len(source.splitlines()) < 25
        assert "def " not in source
