"""What the pipeline has to beat: decisions and notes that need no model, as arms beside it.

A baseline changes one thing of a finished record, the decision or the note, and is judged by that thing's scorer.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vaidya.config import TriageConfig
from vaidya.errors import ConfigError
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.sections import Similar, section_example, training_rows
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.schema import Case, Decision, NoteState, Origin, SoapNote, Statement, Tier, Vitals
from vaidya.triage import preliminary
from vaidya.triage.news2 import news2
from vaidya.triage.vitals import news2_tier

Decide = Callable[[Case], Tier | None]


def seed_vitals(vitals: Vitals) -> Tier:
    """The rule of the system that this one replaces: five thresholds, everything else and everything missing ROUTINE.

    Kept as it was, to show what it does: respirations are ignored and a missing vital is taken to be normal.
    """
    sbp, pulse, spo2, temperature = vitals.sbp, vitals.pulse, vitals.spo2, vitals.temperature
    dangerous = (
        (sbp is not None and (sbp >= 180 or sbp < 70))
        or (pulse is not None and (pulse > 150 or pulse < 40))
        or (spo2 is not None and spo2 < 88)
        or (temperature is not None and temperature >= 40.0)
    )
    return Tier.EMERGENCY if dangerous else Tier.ROUTINE


def vitals_only(case: Case) -> Tier:
    """NEWS2 and the single-vital rules alone; URGENT when they say nothing."""
    alone = TriageConfig(red_flags=False, complaint=False, model=False, sound=False)
    return preliminary(case.vitals, case.patient, None, alone) or Tier.URGENT


def news2_alone(case: Case) -> Tier:
    """The NEWS2 tier of what was measured; an incomplete score is SEMI_URGENT at least, not ROUTINE."""
    score = news2(case.vitals)
    return news2_tier(score) if score.complete else max(news2_tier(score), Tier.SEMI_URGENT)


def nurse(case: Case) -> Tier | None:
    """The dataset's own nurse, where there is one."""
    tier = case.attributes.get("nurse_tier")
    return Tier[str(tier)] if tier is not None else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline and the scorer that judges it; it gives None on a dataset that does not have it."""

    scorer: str
    outcomes: Callable[[Sequence[Outcome]], list[Outcome] | None]


def baseline_outcomes(name: str, outcomes: Sequence[Outcome]) -> list[Outcome] | None:
    """The outcomes of a baseline on the cases of an arm; None where the dataset does not have it.

    Raises:
        ConfigError: no baseline has that name.
    """
    return _named(name).outcomes(outcomes)


def baseline_scorer(name: str) -> str:
    """The scorer that judges a baseline.

    Raises:
        ConfigError: no baseline has that name.
    """
    return _named(name).scorer


def _named(name: str) -> Baseline:
    if name not in BASELINES:
        raise ConfigError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    return BASELINES[name]


def _deciding(decide: Decide) -> Callable[[Sequence[Outcome]], list[Outcome] | None]:
    def outcomes(of: Sequence[Outcome]) -> list[Outcome] | None:
        tiers = [decide(outcome.case) for outcome in of]
        if all(tier is None for tier in tiers):
            return None
        return [_decided(outcome, tier) for outcome, tier in zip(of, tiers, strict=True)]

    return outcomes


def _decided(outcome: Outcome, tier: Tier | None) -> Outcome:
    if outcome.record is None or tier is None:
        return replace(outcome, record=None, reason=outcome.reason or "BASELINE_SILENT")
    decision = Decision(tier=tier, needs_human=False)
    return replace(outcome, record=outcome.record.model_copy(update={"decision": decision}))


def _majority(of: Sequence[Outcome]) -> list[Outcome] | None:
    counts = Counter(tier for outcome in of for tier in acceptable_tiers(outcome.case))
    if not counts:
        return None
    # The more severe tier wins a tie, so that the baseline does not depend on the order of the cases.
    commonest = max(counts, key=lambda tier: (counts[tier], tier.severity))
    return [_decided(outcome, commonest) for outcome in of]


def _noting(lines: Callable[[Case], list[str]]) -> Callable[[Sequence[Outcome]], list[Outcome] | None]:
    def outcomes(of: Sequence[Outcome]) -> list[Outcome] | None:
        if not any(outcome.case.turns for outcome in of):
            return None
        return [_noted(outcome, lines(outcome.case)) for outcome in of]

    return outcomes


def _noted(outcome: Outcome, lines: Sequence[str]) -> Outcome:
    if outcome.case.section_header is not None:
        return replace(outcome, section="\n".join(lines))
    if outcome.record is None:
        return outcome
    statements = tuple(
        Statement(text=line[:2000], evidence=(), supported=True, origin=Origin.QUOTED) for line in lines if line
    )
    note = SoapNote(state=NoteState.DRAFTED, subjective=statements)
    return replace(outcome, record=outcome.record.model_copy(update={"note": note}))


def _pasted(case: Case) -> list[str]:
    return [turn.english or turn.text for turn in case.turns]


def _longest(case: Case) -> list[str]:
    return [max(_pasted(case), key=len)] if case.turns else []


def _nearest(of: Sequence[Outcome]) -> list[Outcome] | None:
    """The section of the most similar training dialogue under the same heading, whatever this dialogue says."""
    judged = [section_example(outcome.case) for outcome in of if outcome.case.section_header is not None]
    training = training_rows(of[0].case.dataset, judged) if judged else []
    if not training:
        return None
    similar = Similar(training)
    found = {example.id: similar(example, 1)[0].text for example in judged}
    return [_noted(outcome, [found[outcome.case.id]]) for outcome in of if outcome.case.id in found]


BASELINES: dict[str, Baseline] = {
    "vitals_only": Baseline("triage", _deciding(vitals_only)),
    "news2": Baseline("triage", _deciding(news2_alone)),
    "seed_vitals": Baseline("triage", _deciding(lambda case: seed_vitals(case.vitals))),
    "always_urgent": Baseline("triage", _deciding(lambda _: Tier.URGENT)),
    "majority": Baseline("triage", _majority),
    "nurse": Baseline("triage", _deciding(nurse)),
    "transcript_pasted": Baseline("note", _noting(_pasted)),
    "longest_turn": Baseline("note", _noting(_longest)),
    "nearest_training": Baseline("note", _nearest),
}
