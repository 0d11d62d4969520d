"""Which stage lost a fact and which entry or source moved a tier, on consultations whose answer is known."""

import numpy as np
import pytest

from vaidya.config import TriageConfig
from vaidya.corpora import read_cases
from vaidya.evaluation.attribution import (
    SOURCES,
    decide_again,
    fact_paths,
    facts_lost,
    score_attribution,
    tier_flips,
)
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.rules_only import evidence_of
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.suite import DatasetSpec
from vaidya.schema import Fact, Tier, Turn
from vaidya.testing import make_case, make_note, make_record, make_transcript
from vaidya.triage import decide


def fact(text: str, **changes) -> Fact:
    return Fact(text=text, section="subjective", critical=True, any_of=(text,), **changes)


HINDI = (
    Turn(speaker="patient", text="सुबह से सीने में दर्द है", english="chest pain since morning"),
    Turn(speaker="patient", text="मुझे पेनिसिलिन से एलर्जी है", english="I have a penicillin allergy"),
    Turn(speaker="patient", text="दो बार उल्टी हुई", english="vomiting twice"),
)
FACTS = tuple(fact(text) for text in ("chest pain", "penicillin allergy", "vomiting"))


def heard(*pairs: tuple[str, str | None]):
    made = make_transcript([text for text, _ in pairs], language="hi")
    segments = [s.model_copy(update={"english": e}) for s, (_, e) in zip(made.segments, pairs, strict=True)]
    return made.model_copy(update={"segments": tuple(segments)})


def test_a_fact_is_lost_at_the_first_stage_that_does_not_hold_it():
    lines = ["chest pain since morning", "penicillin allergy", "vomiting twice"]
    case = make_case(lines=lines, facts=FACTS)
    record = make_record(transcript=make_transcript([lines[0], lines[2]]), note=make_note(["Chest pain"]))
    assert facts_lost(case, record) == {"transcript": Rate(1, 3), "note": Rate(1, 2)}
    assert [path.lost_in for path in fact_paths(case, record)] == [None, "transcript", "note"]


def test_hearing_and_translating_are_told_apart():
    case = make_case(language="hi", turns=HINDI, facts=FACTS)
    said = heard((HINDI[0].text, "chest pain since morning"), (HINDI[1].text, "I like pencils"), ("कुछ और", "else"))
    record = make_record(transcript=said, note=make_note(["Chest pain"]))
    assert [path.lost_in for path in fact_paths(case, record)] == [None, "translation", "transcript"]
    assert facts_lost(case, record) == {"transcript": Rate(1, 3), "translation": Rate(1, 2), "note": Rate(0, 1)}


def test_without_an_english_text_there_is_no_translation_to_blame():
    case = make_case(language="hi", turns=HINDI, facts=FACTS)
    record = make_record(transcript=heard(*((turn.text, None) for turn in HINDI)), note=make_note(["Chest pain"]))
    assert facts_lost(case, record) == {"transcript": Rate(0, 3), "note": Rate(2, 3)}


def test_a_note_that_quotes_the_patients_own_words_keeps_the_fact():
    case = make_case(language="hi", turns=HINDI, facts=FACTS)
    quoting = make_note([f'Patient says: "{HINDI[0].text}"'])
    record = make_record(transcript=heard(*((turn.text, None) for turn in HINDI)), note=quoting)
    assert fact_paths(case, record)[0].lost_in is None


def test_a_question_and_its_answer_are_one_fact():
    denied = Fact(text="no fever", section="subjective", critical=True, any_of=("fever no",))
    case = make_case(lines=["Any fever?", "No."], facts=(denied,))
    record = make_record(transcript=make_transcript(["Any fever?", "No."]), note=make_note(["Cough"]))
    assert facts_lost(case, record) == {"transcript": Rate(0, 1), "note": Rate(1, 1)}


def outcome(case, tier: Tier, triage: TriageConfig | None = None) -> Outcome:
    return Outcome(case, make_record(tier), triage=triage or TriageConfig())


def test_tiers_of_entries_stand_beside_each_other_case_by_case():
    same, moved = make_case("same", tier=Tier.URGENT), make_case("moved", tier=Tier.EMERGENCY)
    spec = DatasetSpec(name="cases")
    tier = decide_again(make_record(), TriageConfig()).tier
    other = Tier.EMERGENCY if tier is not Tier.EMERGENCY else Tier.URGENT
    runs = [
        ArmOutcomes(spec, "vaidya", (outcome(same, tier), outcome(moved, tier)), 0),
        ArmOutcomes(spec, "gold", (outcome(same, tier), outcome(moved, other)), 0),
    ]
    found = {flips.case_id: flips for flips in tier_flips(runs)}
    assert [case for case, flips in found.items() if "gold" in flips.flipped_by] == ["moved"]
    assert found["moved"].reference == (Tier.EMERGENCY,)
    assert found["moved"].tiers["gold"] is other


def ours() -> list[Outcome]:
    """Our own cases as the rules decide them, in records that can be decided again."""
    found = []
    for case in read_cases("cases"):
        evidence = evidence_of(case)
        record = make_record(decision=decide(evidence, TriageConfig()), transcript=evidence.transcript)
        changes = {"vitals": evidence.vitals, "patient": evidence.patient, "complaint": evidence.complaint}
        found.append(Outcome(case, record.model_copy(update=changes)))
    return found


def test_the_settings_of_the_run_are_used():
    """A run without red flags cannot lose a tier when they are switched off."""
    full = {row.arm: row for row in rows_of(ours()) if row.metric == "tier_lowered"}
    assert full["without:red_flags"].errors > 0
    off = TriageConfig(red_flags=False)
    silent = {row.arm: row for row in rows_of([Outcome(o.case, o.record, triage=off) for o in ours()])}
    assert silent["without:red_flags"].errors == 0


def rows_of(outcomes):
    return score_attribution(outcomes, dataset="cases", arm="vaidya", rng=np.random.default_rng(7))


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_off_raises_a_tier_only_as_something_unknown(source):
    for one in ours():
        full = decide_again(one.record, TriageConfig()).tier
        silent = decide_again(one.record, TriageConfig(**{source: False}))
        assert silent.tier <= full or silent.tier is silent.floors["policy"]
