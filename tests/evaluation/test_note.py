"""Note metrics: omissions, support, evidence, overlap, and the rows they become."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.config import load_profile
from vaidya.corpora.scores import ScoredNote
from vaidya.errors import LengthMismatchError
from vaidya.evaluation.note import score_note
from vaidya.evaluation.note_agreement import FLOOR, krippendorff_alpha, metric_agreement, rank_correlation
from vaidya.evaluation.note_facts import fact_in, misplaced_facts, omitted_critical_facts
from vaidya.evaluation.note_judge import judge_notes, judge_suite
from vaidya.evaluation.note_lexical import ROUGE, rouge
from vaidya.evaluation.note_marks import (
    denials_lost,
    irrelevant_evidence,
    numbers_lost,
    statements_as_spoken,
    uncited_statements,
    unmarked_unsupported,
)
from vaidya.evaluation.note_support import Fault, judge, unsupported_statements
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.llm.scripted import ScriptedModel, ScriptedReply
from vaidya.note import extractive_note, with_standing_plan
from vaidya.note.base import NoteInput
from vaidya.schema import Fact, NoteState, Origin, Patient, SoapNote, Statement, Tier, Turn, Vitals
from vaidya.testing import make_case, make_findings, make_note, make_record, make_transcript

REFERENCE = json.loads((Path(__file__).parent.parent / "reference" / "note_scores.json").read_text(encoding="utf-8"))
RNG = np.random.default_rng(7)


def fact(text: str, *, negated: bool = False, critical: bool = True, any_of: tuple[str, ...] = ()) -> Fact:
    return Fact(text=text, section="subjective", critical=critical, any_of=any_of or (text,), negated=negated)


def said(text: str, **changes: object) -> Statement:
    return Statement(text=text, **{"supported": True, "evidence": ("segment:0",), **changes})


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (fact("chest pain"), "Chest pain for two days"),
        (fact("fever", negated=True), "No fever, no cough"),
        (fact("fever", negated=True), "Denies cough or fever"),
        (fact("diarrhoea"), "Diarrhea since Monday"),
        (fact("shortness of breath"), "Breathless on the stairs"),
        (fact("3 days"), "Cough for three days"),
        (fact("penicillin allergy", any_of=("allergic to penicillin", "penicillin allergy")), "Allergy: penicillin"),
        (fact("no known allergies", any_of=("no known allergies",)), "No known allergies"),
        (fact("metformin 500 mg"), "Medicine: Metformin 500 mg twice a day"),
        (fact("loose watery stool"), "Loose, watery stools"),
    ],
)
def test_a_fact_is_found(wanted, text):
    assert fact_in(wanted, [text])


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (fact("chest pain"), "No chest pain"),
        (fact("fever", negated=True), "Fever for 3 days"),
        (fact("fever", negated=True), "Cough"),
        (fact("3 days"), "Cough for four days"),
        (fact("metformin 500 mg"), "Metformin 850 mg"),
        (fact("chest pain"), "Pain in the knee"),
        (fact("loose watery stool"), "Watery eyes"),
    ],
)
def test_a_fact_is_missed(wanted, text):
    assert not fact_in(wanted, [text])


def test_only_critical_facts_count_and_withheld_statements_do_not():
    case = make_case(facts=(fact("chest pain"), fact("asthma"), fact("likes tea", critical=False)))
    note = make_note(["Chest pain"], withheld=(said("Asthma"),))
    assert omitted_critical_facts(case, note) == Rate(1, 2)
    assert omitted_critical_facts(make_case(), note).value is None


def test_a_fact_in_another_section_is_misplaced():
    case = make_case(facts=(fact("chest pain"), fact("asthma")))
    note = SoapNote(state=NoteState.DRAFTED, subjective=(said("Asthma"),), plan=(said("Chest pain"),))
    assert misplaced_facts(case, note) == Rate(1, 2)


CONSULTATION = make_case(
    turns=(
        Turn(speaker="clinician", text="What brings you in?"),
        Turn(speaker="patient", text="I've had chest pain for two days and I take metformin 500 mg."),
        Turn(speaker="clinician", text="Any fever?"),
        Turn(speaker="patient", text="No."),
    ),
    vitals=Vitals(pulse=110),
    patient=Patient(age=54),
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Chest pain for 2 days", None),
        ("No fever", None),
        ("54-year-old with chest pain", None),
        ("Pulse 110, chest pain", None),
        ("Chest pain for 5 days", Fault.NUMBER),
        ("Takes lisinopril", Fault.MEDICINE),
        ("Chest x-ray two days ago", Fault.MEDICINE),
        ("Fever", Fault.NEGATION),
        ("No chest pain", Fault.NEGATION),
        ("Lives alone with two cats", Fault.CONTENT),
        ("No fever; chest pain for 5 days", Fault.NUMBER),
    ],
)
def test_support_is_judged_against_what_was_said(text, fault):
    assert judge(CONSULTATION, make_note([text]))[0].fault is fault


def test_code_written_statements_do_not_dilute_the_rate():
    note = with_standing_plan(make_note(["Lives alone with cats"]), Tier.URGENT)
    measured = said("Pulse 110 /min", origin=Origin.MEASURED, evidence=("vital:pulse",))
    note = note.model_copy(update={"objective": (measured,)})
    assert unsupported_statements(CONSULTATION, note) == Rate(1, 1)
    assert unsupported_statements(CONSULTATION, note, major_only=True) == Rate(0, 1)


def test_an_invented_diagnosis_is_a_major_fault():
    note = SoapNote(state=NoteState.DRAFTED, assessment=(said("Myocardial infarction"),))
    assert unsupported_statements(CONSULTATION, note, major_only=True) == Rate(1, 1)


def test_unmarked_counts_what_a_reader_is_not_warned_of():
    marked = said("Lives alone with cats", supported=False, flags=("no_evidence",))
    note = SoapNote(state=NoteState.DRAFTED, subjective=(marked, said("Plays the violin daily")))
    assert unmarked_unsupported(CONSULTATION, note).errors == 1


def test_numbers_and_denials_kept():
    kept = make_note(["Chest pain for 2 days", "Metformin 500 mg", "No fever"])
    lost = make_note(["Chest pain"])
    assert (numbers_lost(CONSULTATION, kept), numbers_lost(CONSULTATION, lost)) == (Rate(0, 2), Rate(2, 2))
    assert (denials_lost(CONSULTATION, kept), denials_lost(CONSULTATION, lost)) == (Rate(0, 1), Rate(1, 1))


@pytest.mark.parametrize(
    ("text", "as_spoken"),
    [
        ("I keep vomiting", True),
        ("My husband's face is drooping on the right side", True),
        ("Have you used your inhaler?", True),
        ("Have you thought about how", True),
        ("Can feel your toes", True),
        ("Vomiting?", True),
        ("Stiff in the morning, better when walking", False),
        ("Cannot have penicillin: rash", False),
        ("Type I diabetes", False),
        ("Medicine: Atorvastatin (?)", False),
        ("Minor injury of the thumb", False),
    ],
)
def test_a_turn_that_was_copied_is_no_finding(text, as_spoken):
    assert statements_as_spoken(make_note([text])) == Rate(as_spoken, 1)


def test_quoted_words_and_measurements_are_not_copied_turns():
    measured = Statement(text="Do you see me", supported=True, origin=Origin.MEASURED)
    note = make_note(['"I feel sick."', 'Any pain in the chest: "No."', "Cough"], objective=(measured,))
    assert statements_as_spoken(note) == Rate(0, 1)


def test_evidence_that_has_nothing_to_do_with_its_statement():
    transcript = make_transcript(["I have chest pain", "I like tea", "Any fever?", "No."])
    note = SoapNote(
        state=NoteState.DRAFTED,
        subjective=(
            said("Chest pain", evidence=("segment:0", "segment:1")),
            said("No fever", evidence=("segment:2", "segment:3")),
        ),
    )
    assert irrelevant_evidence(note, transcript) == Rate(1, 4)
    assert uncited_statements(CONSULTATION, make_note(["Chest pain"])) == Rate(0, 1)
    bare = SoapNote(state=NoteState.DRAFTED, subjective=(said("Chest pain", evidence=()),))
    assert uncited_statements(CONSULTATION, bare) == Rate(1, 1)


@pytest.mark.parametrize("index", range(len(REFERENCE["pairs"])))
def test_rouge_equals_the_package(index):
    reference, text = REFERENCE["pairs"][index]
    assert rouge(reference, text) == pytest.approx(REFERENCE["rouge"][index])


@pytest.mark.weights
@pytest.mark.parametrize("index", range(len(REFERENCE["pairs"])))
def test_bertscore_equals_the_package(index):
    from vaidya.evaluation.note_encoder import bertscore

    reference, text = REFERENCE["pairs"][index]
    assert bertscore(reference, text) == pytest.approx(REFERENCE["bertscore_f1"][index], abs=1e-4)


@pytest.mark.weights
@pytest.mark.parametrize("index", range(len(REFERENCE["pairs"])))
def test_the_encoder_equals_the_model_in_transformers(index):
    from vaidya.evaluation.note_encoder import load_encoder

    mean = load_encoder().tokens(REFERENCE["pairs"][index][1]).mean(axis=0)
    assert mean[:8] == pytest.approx(REFERENCE["first_numbers_of_mean"][index], abs=1e-4)


def test_rank_correlation_equals_scipy():
    value, (low, high) = rank_correlation(REFERENCE["human"], REFERENCE["metric"], rng=RNG)
    assert value == pytest.approx(REFERENCE["spearman"])
    assert low is not None
    assert low <= value <= high


def test_rank_correlation_is_undefined_without_spread():
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4], rng=RNG)[0] is None
    assert rank_correlation([1, 2], [1, 2], rng=RNG)[0] is None
    with pytest.raises(LengthMismatchError):
        rank_correlation([1], [1, 2], rng=RNG)


def test_alpha_of_the_published_example():
    """Krippendorff 2011, the reliability data of four observers and twelve units: interval alpha 0.849."""
    n = None
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, n, n, n],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, n, 3],
        [n, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, n],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, n],
    ]
    assert krippendorff_alpha(ratings) == pytest.approx(0.849, abs=5e-4)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=20))
def test_alpha_of_perfect_agreement_is_one(values):
    alpha = krippendorff_alpha([values, values])
    assert alpha is None if len(set(values)) == 1 else alpha == pytest.approx(1)


def test_a_judge_is_asked_several_times_and_unusable_replies_are_counted_out():
    model = ScriptedModel.of(['{"complete": 4, "faithful": 5}', "well done", '{"complete": 2, "faithful": 9}'])
    judged = judge_notes(model, [(CONSULTATION, make_note(["Chest pain"]))], repeats=3)
    assert len(model.requests) == 3
    assert [v is not None for v in judged.verdicts[0]] == [True, False, False]
    assert judged.mean("complete") == 4
    assert judged.usable == 1
    assert judged.self_agreement("complete") is None


def test_a_judge_that_fails_once_keeps_its_other_verdicts():
    good = '{"complete": 4, "faithful": 5}'
    model = ScriptedModel.of([good, ScriptedReply(error="GENERATION"), good, '{"complete": 1, "faithful": 1}'])
    pairs = [(CONSULTATION, make_note(["Chest pain"])), (CONSULTATION, make_note(["Cough"]))]
    judged = judge_notes(model, pairs, repeats=2)
    assert [[v is not None for v in note] for note in judged.verdicts] == [[True, False], [True, True]]
    assert judged.mean("complete") == 3
    low, high = judged.interval("complete")
    assert 1 <= low < 3 < high <= 5


def test_verdicts_are_kept_apart_by_arm(monkeypatch):
    def arm(name: str, *notes) -> ArmOutcomes:
        outcomes = tuple(Outcome(CONSULTATION, make_record(note=note)) for note in notes)
        return ArmOutcomes(DatasetSpec(name="cases"), name, outcomes, 0)

    empty = SoapNote(state=NoteState.ABSTAINED, reason="NO_SPEECH")
    runs = [
        arm("vaidya", make_note(["Chest pain"])),
        arm("extractive", make_note(["Cough"]), empty),
        arm("mute", empty),
    ]
    model = ScriptedModel.of(['{"complete": 5, "faithful": 5}', '{"complete": 1, "faithful": 1}'])
    monkeypatch.setattr("vaidya.evaluation.note_judge.run_suite", lambda *_, **__: iter(runs))
    monkeypatch.setattr("vaidya.evaluation.note_judge.load_language_model", lambda _: model)
    suite, config = Suite(suite="s", description="d", datasets=()), load_profile("embedded")
    judged = judge_suite(suite, config, config, limit=None, repeats=1)
    assert {key: one.mean("complete") for key, one in judged.items()} == {
        ("cases", "vaidya"): 5,
        ("cases", "extractive"): 1,
    }


def test_notes_of_one_dialogue_are_resampled_together():
    """Copies of three notes say no more than the three: the interval must not shrink."""
    human, metric = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]
    groups = [str(place % 5) for place in range(50)]
    alone = rank_correlation(human * 10, metric * 10, rng=np.random.default_rng(7))
    together = rank_correlation(human * 10, metric * 10, rng=np.random.default_rng(7), groups=groups)
    assert alone[0] == together[0] == pytest.approx(0.8)
    assert together[1][1] - together[1][0] > 2 * (alone[1][1] - alone[1][0])


def _rows(*outcomes):
    rows = score_note(outcomes, dataset="made-up", arm="vaidya", rng=np.random.default_rng(7))
    return {row.metric: row for row in rows}


def _record(case, note):
    return make_record(note=note, transcript=make_transcript([turn.text for turn in case.turns]))


@pytest.mark.weights
def test_rows_keep_counts_and_say_what_went_unscored():
    case = CONSULTATION.model_copy(update={"facts": (fact("chest pain"), fact("asthma")), "note": "Chest pain."})
    failed = Outcome(case, None, reason="AUDIO_FORMAT")
    abstained = Outcome(case, _record(case, SoapNote(state=NoteState.ABSTAINED, reason="UNRELIABLE")))
    rows = _rows(Outcome(case, _record(case, make_note(["Chest pain for 2 days"]))), failed, abstained)
    omitted = rows["omitted_critical_facts"]
    assert (omitted.errors, omitted.total, omitted.n_scored, omitted.n_unscored) == (1, 2, 1, 2)
    assert omitted.reason == "AUDIO_FORMAT: 1, UNRELIABLE: 1"
    assert rows["notes_abstained"].value == 0.5
    assert rows["rouge1"].n_scored == 1
    assert set(ROUGE) | {"bertscore_f1_all-minilm-l6-v2", "unsupported_statements", "words"} <= rows.keys()


def test_cases_without_speech_give_no_row():
    assert _rows(Outcome(make_case(speech=False), make_record())) == {}


@pytest.mark.weights
def test_a_section_is_scored_on_overlap_alone():
    case = CONSULTATION.model_copy(update={"section_header": "GENHX", "note": "Chest pain for two days."})
    rows = _rows(Outcome(case, section="Chest pain for two days."))
    assert rows["rouge1"].value == 1.0
    assert "unsupported_statements" not in rows


def test_the_extractive_note_is_borne_out_by_its_own_transcript():
    source = NoteInput(
        transcript=make_transcript([turn.text for turn in CONSULTATION.turns]),
        findings=make_findings(),
        vitals=CONSULTATION.vitals,
        patient=CONSULTATION.patient,
    )
    assert unsupported_statements(CONSULTATION, extractive_note(source, "X")).errors == 0


def test_metrics_are_judged_by_people():
    """Overlap follows people where their scores were made to follow it, and not where they were turned round."""
    words = ["chest", "pain", "for", "two", "days", "with", "fever", "and", "cough", "at", "night"]
    notes = [
        ScoredNote(
            id=str(n),
            dialogue=f"Doctor: What is it, {n}?\nPatient: {' '.join(words)}",
            reference=" ".join(words),
            automatic=" ".join(words[:n]),
            factual_precision=1.0,
            factual_recall=n / 11,
            factual_f1=n / 11,
            hallucination_rate=None if n < 4 else 0.0,
            omission_rate=0.0,
        )
        for n in range(2, 12)
    ]
    found = {row.metric: row for row in metric_agreement(notes)}
    assert found["rouge1"].correlation == pytest.approx(1.0)
    assert found["rouge1"].may_gate
    assert found["unsupported_statements"].n == 8
    assert found["unsupported_statements"].correlation is None
    turned = [dataclasses.replace(note, factual_f1=1 - note.factual_f1) for note in notes]
    assert (metric_agreement(turned)[0].low or -1) < FLOOR
