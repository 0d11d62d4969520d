"""The report as its reader gets it: escaped, marked, linked, and the same numbers as the rows."""

import base64
import re
import wave
from html.parser import HTMLParser

import numpy as np
import pytest

from vaidya.audio import read_recording
from vaidya.config import load_profile
from vaidya.evaluation.acoustic import Judged
from vaidya.evaluation.acoustic_table import Listened
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.report import cases, clips, plots, tables
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


def arm(*outcomes: Outcome, dataset: str = "cases", name: str = "vaidya") -> ArmOutcomes:
    return ArmOutcomes(DatasetSpec(name=dataset), name, outcomes, 0)


@pytest.fixture
def write(tmp_path):
    def _write(outcomes, rows, *, runs=None, scorers=("triage",), **changes) -> str:
        runs = runs or [arm(*outcomes)]
        suite = Suite(suite="made-up", description=HOSTILE, datasets=(DatasetSpec(name="cases"),), scorers=scorers)
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


def opened(text: str) -> list[str]:
    """The cases that can be opened, in the order of the page."""
    return re.findall(r'<details id="case-\d+"><summary><strong>(.*?)</strong>', text)


def test_every_dataset_has_room_for_its_errors(write, monkeypatch):
    monkeypatch.setattr(cases, "MAX_DETAILED", 4)
    fine = [outcome(f"fine-{n}", Tier.URGENT, tier=Tier.URGENT) for n in range(9)]
    low = outcome("low", Tier.ROUTINE, tier=Tier.EMERGENCY)
    small = outcome("small", Tier.URGENT, tier=Tier.URGENT)
    text = write([], [row()], runs=[arm(*fine, low), arm(small, dataset="other")])
    assert opened(text) == ["low", "fine-0", "fine-1", "small"]
    assert text.index(">low</a>") < text.index(">fine-0</a>")


def test_a_section_shows_dialogue_text_and_reference_beside_each_other(write):
    case = make_case("s", ["It hurts here", HOSTILE], section_header="GENHX", note="Pain for a day.")
    text = write([Outcome(case, section="Pain here.\nNo fever.")], [row()])
    assert opened(text) == ["s"]
    shown = text[text.index('class="triple"') :]
    assert re.search(
        r"Said.*?It hurts here.*?Written.*?Pain here\.\nNo fever\..*?Reference.*?Pain for a day\.", shown, re.S
    )
    assert "<script>alert" not in text
    assert "ROUGE-1 0.25" in text  # one word of four and four is shared


def test_long_recordings_are_played_at_a_low_rate_and_silence_is_explained(tmp_path, monkeypatch):
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000 * 20) / 16_000)
    write_wav(tmp_path / "long.wav", sound)
    (tmp_path / "broken.wav").write_bytes(b"x" * 200_000)
    monkeypatch.setattr(clips, "audio_path", lambda case: case.audio and tmp_path / case.audio)
    book = clips.Clips(load_profile("embedded").audio)
    source, _ = book.of(make_case(audio="long.wav"))
    played = read_recording(base64.b64decode(source.partition(",")[2]))
    assert played.info.codec == "opus"
    assert played.info.duration_s == pytest.approx(20, abs=0.1)
    assert played.info.size_bytes < 100_000
    assert np.corrcoef(played.samples[8_000:16_000], sound[8_000:16_000])[0, 1] > 0.9
    reasons = [book.of(make_case(audio=name))[1] for name in (None, "gone.wav", "broken.wav")]
    assert ["text" in reasons[0], "missing" in reasons[1], "AUDIO_FORMAT" in reasons[2]] == [True] * 3
    monkeypatch.setattr(clips, "MAX_CLIP_BYTES", 1_000)
    assert "too large" in book.of(make_case(audio="long.wav"))[1]
    monkeypatch.undo()
    monkeypatch.setattr(clips, "audio_path", lambda case: tmp_path / case.audio)
    book.left = 10
    assert "No room" in book.of(make_case(audio="long.wav"))[1]


def test_lost_facts_and_flipped_tiers_name_case_and_stage(write):
    facts = tuple(Fact(text=text, section="subjective", critical=True) for text in ("cough", "vomiting"))
    case = make_case("a", ["I have a cough", "vomiting"], facts=facts)
    note = make_note(["Cough"])
    whole, partly = (make_transcript(lines) for lines in (["I have a cough", "vomiting"], ["I have a cough"]))
    own = Outcome(case, make_record(Tier.URGENT, note=note, transcript=partly))
    gold = Outcome(case, make_record(Tier.EMERGENCY, note=note, transcript=whole))
    runs = [arm(own), arm(gold, name="gold transcript")]
    text = write([], [row()], runs=runs, scorers=("attribution",))
    assert re.search(r"<td>vomiting</td><td>.*?✗ transcript.*?</td><td>.*?✗ note.*?</td>", text)
    assert "<td>cough</td>" not in text
    assert re.search(r"gold transcript: <span class=.tier red.>EMERGENCY", text)
    assert "Facts lost" not in write([], [row()], runs=runs)


def test_clips_that_were_taken_for_something_else_stand_first(write):
    right = Judged("a", "cough", "cough", {"cough": 0.9, "other": 0.1}, case_id="clip-a")
    wrong = Judged("b", "breath", "cough", {"cough": 0.8}, rate=12.0, reference_rate=18.0, case_id="clip-b")
    failed = Judged("c", "breath", None, {}, reason="AUDIO_FORMAT", case_id="failed")
    listened = (Listened("respiratory", (), (right, wrong, failed)),)
    text = write([], [row()], listened=listened)
    assert text.index(">clip-b<") < text.index(">clip-a<")
    assert "AUDIO_FORMAT" in text
    assert "18.0" in text
    (title,) = suite_figures([], [], listened)
    assert title.startswith("Reliability")


def test_the_price_of_deciding_alone_is_drawn():
    figures = suite_figures([arm(outcome("a", Tier.URGENT, tier=Tier.URGENT))], [])
    assert "Under-triage among those decided without a person" in figures


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
