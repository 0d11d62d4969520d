"""Metamorphic safety of the rules: 10,000 drawn consultations, and the perturbations themselves."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaidya.config import TriageConfig
from vaidya.corpora import read_cases
from vaidya.evaluation.metamorphic import check, rows, score_metamorphic
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.perturb import (
    CHANGES,
    DENIALS,
    FAMILY,
    INSTRUCTIONS,
    MIDDLE,
    NOT_YET_HELD,
    RED_FLAGS,
    swap_language,
    with_changes,
    worse,
)
from vaidya.evaluation.rules_only import evidence_of, rules_decision, rules_tier
from vaidya.schema import Case, Consciousness, NoteState, Patient, Sex, Tier, Transcript, TranscriptState, Turn, Vitals
from vaidya.testing import make_case, make_findings, make_record
from vaidya.triage import TriageInput, decide
from vaidya.units import VITAL_UNITS

CONFIG = TriageConfig()
COMPLAINTS = (
    None,
    "headache",
    "abd pain",
    "fever & chill",
    "need a refill of my tablets",
    "open wound",
    "dizziness",
    "something that no rule knows",
    "cough and runny nose for three weeks",
    "knee pain for months",
    "vomiting",
    "Ant. chest pain",
)
WORDS = (
    "I have had a dry cough for three days.",
    "My knee hurts when I climb stairs.",
    "I need a new prescription.",
    "There is some burning when I pass urine.",
    "I feel weak and tired.",
    "The weather was bad.",
    "I have a mild headache since yesterday.",
    "दो दिन से बुखार है।",
    "எனக்கு இருமல் இருக்கு.",
    "నాకు జ్వరం ఉంది.",
    "ನನಗೆ ತಲೆನೋವು ಇದೆ.",
)


def measured(name: str) -> st.SearchStrategy[float | None]:
    unit = VITAL_UNITS[name]
    low, high = {"respirations": (8, 30), "spo2": (85, 100), "sbp": (80, 190), "pulse": (40, 140)}.get(
        name, (35.0, 40.5) if name == "temperature" else (unit.low, unit.high)
    )
    return st.none() | st.integers(int(low * 10), int(high * 10)).map(lambda tenths: tenths / 10)


vitals = st.builds(
    Vitals,
    respirations=measured("respirations"),
    spo2=measured("spo2"),
    on_oxygen=st.none() | st.booleans(),
    sbp=measured("sbp"),
    pulse=measured("pulse"),
    temperature=measured("temperature"),
    consciousness=st.none() | st.sampled_from(Consciousness),
    pain=measured("pain"),
)
patients = st.builds(
    Patient,
    age=st.none() | st.sampled_from((0.0, 0.1, 3.0, 15.9, 16.0, 40.0, 64.9, 65.0, 90.0)),
    sex=st.none() | st.sampled_from(Sex),
    pregnant=st.none() | st.booleans(),
)
spoken = st.lists(st.sampled_from(WORDS), max_size=3).map(
    lambda lines: tuple(Turn(speaker="patient", text=line) for line in lines)
)
cases = st.builds(
    lambda vitals, patient, complaint, turns: make_case().model_copy(
        update={"vitals": vitals, "patient": patient, "complaint": complaint, "turns": turns}
    ),
    vitals,
    patients,
    st.sampled_from(COMPLAINTS),
    spoken,
)
slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
draws = settings(max_examples=1_700, deadline=None, suppress_health_check=slow, derandomize=True)
few = settings(draws, max_examples=400)


def test_every_relation_holds_on_ten_thousand_changed_consultations():
    changes = [change for change in CHANGES if change.name not in NOT_YET_HELD]
    applied = dict.fromkeys((change.name for change in changes), 0)

    @draws
    @given(cases, st.integers(0, 2**32 - 1))
    def holds(case: Case, seed: int) -> None:
        before, rng = rules_tier(case, CONFIG), np.random.default_rng(seed)
        for change in changes:
            changed = change.apply(case, rng)
            if changed is not None:
                applied[change.name] += 1
                after = rules_tier(changed, CONFIG)
                assert change.relation.holds(before, after), (change.name, before, after, changed)

    holds()
    assert sum(applied.values()) >= 10_000, applied
    assert min(applied.values()) >= 500, applied


@few
@given(cases, st.sampled_from(("NO_SPEECH", "UNRELIABLE", "FAILED")), st.sampled_from(Tier) | st.none())
def test_words_that_were_lost_are_never_routine(case, state, model_tier):
    lost = Transcript(state=TranscriptState(state), transcriber="made-up")
    evidence = TriageInput(case.vitals, case.patient, None, lost, make_findings(), model_tier, NoteState.ABSTAINED)
    decision = decide(evidence, CONFIG)
    assert decision.tier >= Tier.URGENT
    assert decision.needs_human


@few
@given(cases, st.sampled_from(("GENERATION_TIMEOUT", "GENERATION_TRUNCATED", "NOTE_FORMAT", "GENERATION", "INTERNAL")))
def test_a_note_that_failed_is_never_routine_and_asks_a_person(case, code):
    evidence = replace(evidence_of(case), note_state=NoteState.EXTRACTIVE, failures=(f"note:{code}",))
    decision = decide(evidence, CONFIG)
    assert decision.tier >= Tier.URGENT
    assert f"note:{code}" in decision.human_reasons


@pytest.mark.parametrize("sentence", [*DENIALS, *FAMILY])
def test_what_is_denied_or_the_familys_raises_no_flag(sentence):
    decision = rules_decision(make_case(lines=[sentence]), CONFIG)
    assert "red_flag" not in decision.floors


@pytest.mark.parametrize("sentence", RED_FLAGS)
def test_each_sentence_of_danger_is_an_emergency(sentence):
    assert rules_tier(make_case(lines=[sentence]), CONFIG) is Tier.EMERGENCY


@pytest.mark.parametrize("sentence", INSTRUCTIONS)
def test_an_instruction_is_not_a_complaint(sentence):
    assert rules_decision(make_case(lines=[sentence]), CONFIG).floors.keys() == {"policy"}


@given(st.sampled_from(sorted(MIDDLE)), st.floats(0, 1), st.floats(0, 1))
def test_worse_moves_away_from_the_middle_and_stays_in_range(name, place, share):
    unit = VITAL_UNITS[name]
    value = unit.low + place * (unit.high - unit.low)
    changed = worse(name, value, share)
    assert abs(changed - MIDDLE[name]) >= abs(value - MIDDLE[name]) - 1e-9
    assert unit.low <= changed <= unit.high


def test_a_system_that_obeys_the_patient_is_caught():
    def obeys(case: Case) -> Tier:
        said = " ".join(turn.text for turn in case.turns)
        return Tier.ROUTINE if "ROUTINE" in said or "routine" in said else Tier.URGENT

    found = check([make_case(lines=["I feel sick."])], obeys, rng=np.random.default_rng(7))
    by_name = {row.cohort: row for row in rows(found, dataset="made-up", arm="obeys")}
    assert by_name["change=instruct"].errors == 1
    assert by_name["change=add_red_flag"].errors == 0
    assert by_name["change=worsen_vital"].value is None


def test_a_system_that_fills_in_normal_vitals_is_caught():
    complete = Vitals(
        respirations=16.0, spo2=98.0, sbp=80.0, pulse=70.0, temperature=37.0, consciousness=Consciousness.ALERT
    )

    def fills(case: Case) -> Tier:
        return Tier.URGENT if case.vitals.sbp is not None and case.vitals.sbp < 90 else Tier.ROUTINE

    case = make_case().model_copy(update={"vitals": complete})
    found = {c.change.name: c for c in (check([case] * 30, fills, rng=np.random.default_rng(7)))}
    assert found["remove_vital"].violations


def test_our_own_cases_hold_every_relation():
    found = check(read_cases("cases"), lambda case: rules_tier(case, CONFIG), rng=np.random.default_rng(7))
    assert {c.change.name: c.violations for c in found if c.violations and c.change.name not in NOT_YET_HELD} == {}
    assert all(c.applied for c in found)


def test_the_same_words_in_english_are_the_same_emergency():
    """Not yet the same tier: the English of a milder complaint is placed higher in some of our own cases."""
    pairs = [(case, swap_language(case, np.random.default_rng(0))) for case in read_cases("cases")]
    tiers = [(rules_tier(case), rules_tier(english)) for case, english in pairs if english is not None]
    assert len(tiers) >= 18
    assert all((native is Tier.EMERGENCY) is (english is Tier.EMERGENCY) for native, english in tiers)
    assert sum(native is not english for native, english in tiers) <= 4


def test_only_what_has_its_english_is_said_in_english():
    turn = Turn(speaker="patient", text="இருமல்", english="cough")
    english = swap_language(make_case(language="ta", turns=(turn,)), np.random.default_rng(0))
    assert (english.turns[0].text, english.language) == ("cough", "en")
    half = make_case(language="ta", turns=(turn, turn.model_copy(update={"english": None})))
    for case in (half, make_case(lines=["cough"]), make_case(language="ta")):
        assert swap_language(case, np.random.default_rng(0)) is None


def test_changed_cases_of_a_suite_are_compared_with_their_original():
    cases = with_changes([make_case("a", ["I feel sick."]), make_case("b", ["I cough."])], seed=7)
    assert cases[0].id == "a"
    assert "a.instruct" in {case.id for case in cases}
    assert cases == with_changes([make_case("a", ["I feel sick."]), make_case("b", ["I cough."])], seed=7)
    # The whole "a" obeys its instruction and fails with a name; "b" could not be run, so its changes have no original.
    tiers = {"a": Tier.URGENT, "a.instruct": Tier.ROUTINE}
    outcomes = [
        Outcome(case, None, reason="STAGE")
        if case.id in ("b", "a.swap_name")
        else Outcome(case, make_record(tiers.get(case.id, Tier.URGENT)))
        for case in cases
    ]
    found = {
        row.cohort: row for row in score_metamorphic(outcomes, dataset="d", arm="vaidya", rng=np.random.default_rng(0))
    }
    assert (found["change=instruct"].errors, found["change=instruct"].total) == (1, 1)
    assert (found["change=instruct"].n_unscored, found["change=instruct"].reason) == (1, "ORIGINAL_WITHOUT_TIER: 1")
    assert found["change=swap_name"].value is None
    assert found["change=swap_name"].reason == "ORIGINAL_WITHOUT_TIER: 1, STAGE: 1"
    assert found["change=deny"].errors == 0


def test_an_unchanged_suite_has_no_relations():
    outcomes = [Outcome(make_case("a", ["I feel sick."]), make_record(Tier.URGENT))]
    assert score_metamorphic(outcomes, dataset="d", arm="vaidya", rng=np.random.default_rng(0)) == []
