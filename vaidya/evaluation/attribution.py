"""Which stage lost a critical fact, and which source of the tier carried the decision.

Facts: each critical fact that the reference turns hold is looked for in what was heard, in its English, and in the
note; it is lost at the first stage that no longer holds it. Sources: the same records are decided again with one
source switched off (pure, no model runs), as arms named `without:SOURCE`.
"""

from collections.abc import Sequence

import numpy as np

from vaidya.config import TriageConfig
from vaidya.evaluation.interval import exact, pooled_bootstrap
from vaidya.evaluation.note_facts import fact_in
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import PIPELINE_ARM, Row
from vaidya.schema import Case, Decision, Tier, TriageRecord
from vaidya.triage import TriageInput, decide

STAGES = ("transcript", "translation", "note")
SOURCES = ("vitals", "red_flags", "complaint", "model", "sound")


def decide_again(record: TriageRecord, config: TriageConfig) -> Decision:
    """The decision on a finished record under other triage settings; everything else stays as it was."""
    return decide(
        TriageInput(
            vitals=record.vitals,
            patient=record.patient,
            complaint=record.complaint,
            transcript=record.transcript,
            findings=record.findings,
            model_tier=record.decision.floors.get("model"),
            note_state=record.note.state,
            failures=tuple(f"{failure.stage}:{failure.code}" for failure in record.failures),
        ),
        config,
    )


def facts_lost(case: Case, record: TriageRecord) -> dict[str, Rate]:
    """Critical facts lost at each stage, of those that reached it; undefined (0/0) for a stage that nothing reached.

    Only facts that the reference turns hold are followed; a translation is a stage of its own where the patient does
    not speak English.
    """
    said = [turn.english or turn.text for turn in case.turns]
    heard = (
        [segment.english or segment.text for segment in record.transcript.segments]
        if record.transcript.has_words
        else []
    )
    note = [statement.text for _, statement in record.note.statements()]
    alive = [fact for fact in case.facts if fact.critical and fact_in(fact, said)]
    lost: dict[str, Rate] = {}
    hearing = "transcript" if case.language in (None, "en") else "translation"
    for stage, texts in ((hearing, heard), ("note", note)):
        kept = [fact for fact in alive if fact_in(fact, texts)]
        lost[stage] = Rate(len(alive) - len(kept), len(alive))
        alive = kept
    return lost


def score_attribution(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Rows `facts_lost_in_<stage>`, and on the pipeline's arm `tier_lowered` of each `without:SOURCE`."""
    done = [(outcome.case, outcome.record) for outcome in outcomes if outcome.record is not None]
    unscored = len(outcomes) - len(done)
    rows = [_lost_row(stage, done, unscored, dataset, arm, rng) for stage in STAGES]
    if arm == PIPELINE_ARM:
        rows += [row for source in SOURCES for row in _without(source, done, unscored, dataset)]
    return [row for row in rows if row is not None]


Done = Sequence[tuple[Case, TriageRecord]]


def _lost_row(stage: str, done: Done, unscored: int, dataset: str, arm: str, rng: np.random.Generator) -> Row | None:
    rates = [rate for case, record in done if (rate := facts_lost(case, record).get(stage)) and rate.total]
    if not rates:
        return None
    total = pooled(rates)
    low, high = pooled_bootstrap(rates, rng=rng)
    return Row(
        dataset=dataset,
        arm=arm,
        metric=f"facts_lost_in_{stage}",
        value=total.value,
        low=low,
        high=high,
        errors=total.errors,
        total=total.total,
        n_scored=len(rates),
        n_unscored=unscored,
    )


def _without(source: str, done: Done, unscored: int, dataset: str) -> list[Row]:
    """How often the tier falls, and how often it falls below the reference, when a source is silent."""
    config = TriageConfig().model_copy(update={source: False})
    again = [(case, record.decision.tier, decide_again(record, config).tier) for case, record in done]
    referenced = [(case.tier, before, after) for case, before, after in again if case.tier is not None]
    lowered = Rate(sum(after < before for _, before, after in again), len(again))
    harmed = Rate(sum(_newly_under(*tiers) for tiers in referenced), len(referenced))
    arm = f"without:{source}"
    return [
        _exact_row(m, r, unscored, dataset, arm)
        for m, r in (("tier_lowered", lowered), ("newly_under_triaged", harmed))
    ]


def _newly_under(reference: Tier, before: Tier, after: Tier) -> bool:
    return after < reference <= before


def _exact_row(metric: str, rate: Rate, unscored: int, dataset: str, arm: str) -> Row:
    low, high = exact(rate)
    return Row(
        dataset=dataset,
        arm=arm,
        metric=metric,
        value=rate.value,
        low=low,
        high=high,
        errors=rate.errors,
        total=rate.total,
        n_scored=int(rate.total),
        n_unscored=unscored,
    )
