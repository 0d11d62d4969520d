"""Which stage lost a critical fact, and which entry or source of the tier carried the decision.

Facts: each critical fact that the reference turns hold is looked for in what was heard, in its English, and in the
note; it is lost at the first stage after which no text holds it. Entries: the tiers of a suite's arms beside each
other, case by case. Sources: the same records are decided again with one source switched off (pure, no model runs),
as arms named `without:SOURCE`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.config import TriageConfig
from vaidya.evaluation.interval import exact, pooled_bootstrap
from vaidya.evaluation.note_facts import SHARE, exchanges, fact_in, placements
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import PIPELINE_ARM, Row
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.language import normalise, words
from vaidya.schema import AudioFlag, Case, Decision, Fact, Tier, TriageRecord
from vaidya.triage import TriageInput, decide

STAGES = ("transcript", "translation", "note")
SOURCES = ("vitals", "red_flags", "complaint", "model", "sound")
WITHOUT = "without:"


@dataclass(frozen=True, slots=True)
class FactPath:
    """How far one critical fact came. number: its place in the case's list, from 1. lost_in: None when it is kept."""

    number: int
    fact: Fact
    lost_in: str | None


@dataclass(frozen=True, slots=True)
class TierFlips:
    """A case whose tier depends on how it entered or on one source.

    tiers: the decision of each arm and of each `without:SOURCE`. flipped_by: those that differ from the pipeline's own.
    """

    dataset: str
    case_id: str
    reference: tuple[Tier, ...]
    tiers: Mapping[str, Tier]
    flipped_by: tuple[str, ...]


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
            truncated=record.recording is not None and AudioFlag.TRUNCATED in record.recording.flags,
            failures=tuple(f"{failure.stage}:{failure.code}" for failure in record.failures),
        ),
        config,
    )


def fact_paths(case: Case, record: TriageRecord) -> tuple[FactPath, ...]:
    """Each critical fact that the reference turns hold, and the stage that lost it.

    A fact that the note holds was lost nowhere, even where the match does not find it in what was heard.
    """
    said = exchanges([turn.english or turn.text for turn in case.turns])
    kept = [placement.fact for placement in placements(case, record.note) if placement.sections]
    return tuple(
        FactPath(number, fact, None if fact in kept else _lost_in(fact, case, record))
        for number, fact in enumerate(case.facts, 1)
        if fact.critical and fact_in(fact, said)
    )


def _lost_in(fact: Fact, case: Case, record: TriageRecord) -> str:
    heard = record.transcript.segments if record.transcript.has_words else ()
    if fact_in(fact, exchanges([segment.english or segment.text for segment in heard])):
        return "note"
    if not _heard_natively(fact, case, record):
        return "transcript"
    # Without an English text the note stage read the native words.
    return "translation" if _translated(record) else "note"


def _heard_natively(fact: Fact, case: Case, record: TriageRecord) -> bool:
    """Whether what was heard holds most words of an exchange that says the fact, in the language it was said in."""
    if case.language in (None, "en") or not record.transcript.has_words:
        return False
    heard = set(words(normalise(record.transcript.text())))
    native = exchanges([turn.text for turn in case.turns])
    english = exchanges([turn.english or turn.text for turn in case.turns])
    saying = [words(normalise(text)) for text, meaning in zip(native, english, strict=True) if fact_in(fact, [meaning])]
    return any(sum(word in heard for word in spoken) >= SHARE * len(spoken) for spoken in saying if spoken)


def _translated(record: TriageRecord) -> bool:
    return any(segment.english not in (None, segment.text) for segment in record.transcript.segments)


def facts_lost(case: Case, record: TriageRecord) -> dict[str, Rate]:
    """Critical facts lost at each stage, of those that reached it; undefined (0/0) for a stage that nothing reached.

    Only facts that the reference turns hold are followed; a translation is a stage where the record holds one.
    """
    paths = fact_paths(case, record)
    alive, rates = len(paths), {}
    for stage in STAGES if _translated(record) else ("transcript", "note"):
        gone = sum(path.lost_in == stage for path in paths)
        rates[stage] = Rate(gone, alive)
        alive -= gone
    return rates


def tier_flips(runs: Sequence[ArmOutcomes]) -> list[TierFlips]:
    """The cases whose tier another arm, or one source switched off, changes; in the order of the runs."""
    decided: dict[str, dict[str, dict[str, Tier]]] = {}
    for run in runs:
        for outcome in run.outcomes:
            if outcome.record is None:
                continue
            tiers = decided.setdefault(run.dataset.name, {}).setdefault(outcome.case.id, {})
            tiers[run.arm] = outcome.record.decision.tier
            if run.arm == PIPELINE_ARM:
                tiers |= {WITHOUT + source: _tier_without(source, outcome) for source in SOURCES}
    references = {(run.dataset.name, o.case.id): acceptable_tiers(o.case) for run in runs for o in run.outcomes}
    found = [
        TierFlips(dataset, case, references[dataset, case], tiers, _differing(tiers))
        for dataset, cases in decided.items()
        for case, tiers in cases.items()
    ]
    return [one for one in found if one.flipped_by]


def _differing(tiers: Mapping[str, Tier]) -> tuple[str, ...]:
    own = tiers.get(PIPELINE_ARM)
    return tuple(name for name, tier in tiers.items() if own is not None and tier is not own)


def _tier_without(source: str | None, outcome: Outcome) -> Tier:
    """The tier under the run's own settings, with one source silent; None silences nothing."""
    assert outcome.record is not None, "only outcomes with a record are decided again"
    changes = {source: False} if source else {}
    return decide_again(outcome.record, outcome.triage.model_copy(update=changes)).tier


def score_attribution(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Rows `facts_lost_in_<stage>`, and on the pipeline's arm `tier_lowered` of each `without:SOURCE`."""
    done = [outcome for outcome in outcomes if outcome.record is not None]
    unscored = len(outcomes) - len(done)
    rows = [_lost_row(stage, done, unscored, dataset, arm, rng) for stage in STAGES]
    if arm == PIPELINE_ARM:
        rows += [row for source in SOURCES for row in _without(source, done, unscored, dataset)]
    return [row for row in rows if row is not None]


def _lost_row(
    stage: str, done: Sequence[Outcome], unscored: int, dataset: str, arm: str, rng: np.random.Generator
) -> Row | None:
    found = [facts_lost(outcome.case, outcome.record).get(stage) for outcome in done if outcome.record is not None]
    rates = [rate for rate in found if rate is not None and rate.total]
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


def _without(source: str, done: Sequence[Outcome], unscored: int, dataset: str) -> list[Row]:
    """How often the tier falls, and how often it falls below the reference, when a source is silent."""
    again = [(acceptable_tiers(o.case), _tier_without(None, o), _tier_without(source, o)) for o in done]
    referenced = [(min(tiers), before, after) for tiers, before, after in again if tiers]
    lowered = Rate(sum(after < before for _, before, after in again), len(again))
    harmed = Rate(sum(after < least <= before for least, before, after in referenced), len(referenced))
    rates = {"tier_lowered": lowered, "newly_under_triaged": harmed}
    return [_exact_row(metric, rate, unscored, dataset, WITHOUT + source) for metric, rate in rates.items()]


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
