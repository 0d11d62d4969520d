"""Rows of notes: what they cost, why a case has none, and how many cases a number is of."""

import numpy as np
import pytest

from vaidya.evaluation.note import score_note
from vaidya.evaluation.outcome import Outcome
from vaidya.schema import Fact
from vaidya.testing import make_case, make_note, make_record, make_transcript


def rows_of(*outcomes, arm="vaidya"):
    return {row.metric: row for row in score_note(outcomes, dataset="d", arm=arm, rng=np.random.default_rng(7))}


def noted(n, seconds=1.0, tokens=None, **case):
    record = make_record(
        transcript=make_transcript(["chest pain"]), note=make_note(["Chest pain"]), tokens=tokens or {}
    )
    return Outcome(make_case(f"c{n}", ["chest pain"], **case), record, seconds=seconds)


def test_seconds_and_tokens_stand_beside_the_note():
    given = [noted(n, seconds, {"tokens_out": t}) for n, (seconds, t) in enumerate([(1.0, 100.0), (2.0, 300.0)])]
    slow = noted(9, 30.0)  # its engine tells no count
    rows = rows_of(*given, slow)
    assert rows["seconds_per_note_p50"].value == 2.0
    assert rows["seconds_per_note_mean"].value == pytest.approx(11.0)
    tokens = rows["tokens_per_note_mean"]
    assert (tokens.value, tokens.n_scored, tokens.n_unscored, tokens.reason) == (200.0, 2, 1, "NO_TOKENS: 1")


def test_a_section_has_its_seconds_and_a_baseline_has_none():
    section = Outcome(make_case("s", ["any?"], note="None.", section_header="ALLERGY"), section="None.", seconds=4.0)
    rows = rows_of(section)
    assert rows["seconds_per_note_p50"].value == 4.0
    assert rows["tokens_per_note_mean"].value is None
    assert rows["tokens_per_note_mean"].reason == "NO_TOKENS: 1"
    assert "seconds_per_note_p50" not in rows_of(section, arm="baseline:longest_turn")


def test_a_section_that_could_not_be_written_says_why():
    case = make_case("s", ["any?"], note="None.", section_header="ALLERGY")
    rows = rows_of(Outcome(case, section="None."), Outcome(case, reason="GENERATION_TIMEOUT"))
    for metric in ("rouge1", "words"):
        assert (rows[metric].n_scored, rows[metric].n_unscored) == (1, 1)
        assert rows[metric].reason == "GENERATION_TIMEOUT: 1"


def test_a_rate_is_of_the_cases_that_have_what_it_counts():
    """Only some consultations have a checklist of facts, and of those only some a critical one."""
    minor = Fact(text="rash", section="subjective", critical=False, any_of=("rash",))
    major = Fact(text="chest pain", section="subjective", critical=True, any_of=("chest pain",))
    rows = rows_of(noted(0, facts=(major, minor)), noted(1, facts=(minor,)), noted(2), noted(3))
    omitted = rows["omitted_critical_facts"]
    assert (omitted.total, omitted.n_scored, omitted.n_unscored) == (1, 1, 0)
    assert rows["omitted_facts"].n_scored == 2
