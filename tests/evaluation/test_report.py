"""The report as its reader gets it: escaped, marked, linked, and the same numbers as the rows."""

import re
from html.parser import HTMLParser

import pytest

from vaidya.config import load_profile
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.report import plots, tables
from vaidya.evaluation.report.figures import suite_figures
from vaidya.evaluation.report.html import write_report
from vaidya.evaluation.rows import Row
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.schema import Fact, Statement, Tier
from vaidya.testing import make_case, make_note, make_record, make_transcript

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """Tags with their attributes, ids and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


def outcome(case_id: str, decided: Tier, **changes) -> Outcome:
    case = make_case(case_id, lines=["I have a cough"], **changes)
    note = make_note(["Cough"], ["Give amoxicillin"])
    heard = make_transcript(["I have a cough", HOSTILE])
    return Outcome(case, record=make_record(decided, note=note, transcript=heard))


def row(metric: str = "under_triage", value: float | None = 0.25, **changes) -> Row:
    fields = {"low": 0.1, "high": 0.5, "errors": 5, "total": 20, "n_scored": 20, "dataset": "cases", "arm": "vaidya"}
    return Row(metric=metric, value=value, **(fields | changes))


@pytest.fixture
def write(tmp_path):
    def _write(outcomes, rows, **changes) -> str:
        runs = [ArmOutcomes(DatasetSpec(name="cases"), "vaidya", tuple(outcomes), 0)]
        suite = Suite(suite="made-up", description=HOSTILE, datasets=(DatasetSpec(name="cases"),), scorers=("triage",))
        path = write_report(
            tmp_path / "report.html",
            suite=suite,
            config=load_profile("embedded"),
            runs=runs,
            rows=rows,
            run_id="0" * 32,
            figures=suite_figures(runs, rows),
            **changes,
        )
        return path.read_text(encoding="utf-8")

    return _write


def test_what_came_from_outside_is_escaped_wherever_it_stands(write):
    fact = Fact(text=HOSTILE, section="subjective", critical=True)
    found = outcome("a", Tier.URGENT, tier=Tier.URGENT, facts=(fact,), complaint=HOSTILE)
    note = make_note([HOSTILE], withheld=(Statement(text=HOSTILE, supported=False),))
    found = Outcome(found.case, record=found.record.model_copy(update={"note": note}))
    claim = {"text": HOSTILE, "promised": HOSTILE, "measured": HOSTILE, "where": f"`{HOSTILE}`"}
    text = write([found], [row(reason=HOSTILE, n_unscored=1)], claims=[claim], left_out=[HOSTILE])
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 8
    assert len(Page(text).all("script")) == 1


def test_nothing_is_loaded_from_elsewhere(write):
    page = Page(write([outcome("a", Tier.URGENT, tier=Tier.URGENT)], [row()]))
    sources = [tag["src"] for name, tag in page.tags if "src" in tag]
    assert all(source.startswith("data:") for source in sources)
    assert any("default-src 'none'" in tag.get("content", "") for tag in page.all("meta"))


def test_every_link_leads_somewhere_and_a_case_that_failed_has_none(write):
    failed = Outcome(make_case("failed", tier=Tier.URGENT), reason="AUDIO_TOO_SHORT")
    text = write([outcome("a", Tier.URGENT), failed, outcome("b", Tier.ROUTINE)], [row()])
    page = Page(text)
    ids = {tag["id"] for _, tag in page.tags if "id" in tag}
    links = [tag["href"] for tag in page.all("a")]
    assert len(links) == 2
    assert {link.removeprefix("#") for link in links} <= ids
    assert "AUDIO_TOO_SHORT" in text


def test_a_tier_below_every_acceptable_one_is_called_too_low(write):
    several = (Tier.URGENT, Tier.EMERGENCY)
    fine = write([outcome("a", Tier.URGENT, tier=Tier.EMERGENCY, acceptable_tiers=several)], [row()])
    assert "too low" not in fine
    assert "too low" in write([outcome("a", Tier.ROUTINE, tier=Tier.EMERGENCY, acceptable_tiers=several)], [row()])


def test_what_the_pipeline_marked_and_what_the_judge_found_are_told_apart(write):
    found = outcome("a", Tier.URGENT)
    marked = Statement(text="Fever", supported=False, flags=("no_evidence",))
    note = found.record.note.model_copy(update={"objective": (marked,)})
    text = write([Outcome(found.case, record=found.record.model_copy(update={"note": note}))], [row()])
    assert "unsupported: no evidence" in text
    assert re.search(r"Give amoxicillin</span>.*?not borne out: medicine", text)
    assert not re.search(r">Cough</span> <span class=\"mark", text)


def test_every_row_stands_in_the_page_with_interval_and_counts(write):
    rows = [row(), row("over_triage", 0.5, arm="baseline:majority"), row("rouge1", None, low=None, high=None)]
    text = write([outcome("a", Tier.URGENT, tier=Tier.URGENT)], [*rows, row(cohort="language=hi", errors=1)])
    assert text.count("0.100 to 0.500") >= 3
    assert "5/20" in text
    assert "1/20" in text
    assert "baseline:majority" in text


def test_headlines_are_of_the_pipeline_over_all_cases_only():
    rows = [row(arm="baseline:majority"), row(cohort="language=hi"), row("over_triage", None)]
    assert tables.glance(rows) == []
    (group,) = tables.glance([*rows, row()])
    assert [tile["metric"] for tile in group["tiles"]] == ["under_triage"]


def test_metrics_are_explained_by_their_cards():
    found = tables.meanings([row(), row("preliminary_s_p50"), row("total_s_p95"), row("made_up")])
    assert found["under_triage"].startswith("encounters decided below the reference")
    assert {"preliminary_s", "total_s"} <= found.keys()
    assert "made_up" not in found


def test_cases_with_several_acceptable_tiers_are_counted_beside_the_confusion_table():
    single = outcome("a", Tier.URGENT, tier=Tier.URGENT)
    several = outcome("b", Tier.URGENT, tier=Tier.URGENT, acceptable_tiers=(Tier.URGENT, Tier.EMERGENCY))
    figure = plots.confusion([single, several], "made up")
    assert "n=1; 1 more accept several" in figure.get_suptitle()


def test_a_forest_names_value_interval_and_counts_of_each_arm():
    figure = plots.forest([row(), row(arm="baseline:majority", errors=0, value=0.0, low=0.0)], "under_triage", "t")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words == ["vaidya", "0.250 (0.100 to 0.500), 5/20", "baseline: majority", "0 (0 to 0.500), 0/20"]


def test_datasets_stand_apart_in_a_forest():
    figure = plots.forest([row(), row(dataset="other")], "under_triage", "t")
    assert {"cases", "other"} <= {text.get_text() for text in figure.axes[0].texts}
