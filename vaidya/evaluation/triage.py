"""The decision judged: rows of every tier metric, over all cases and by cohort.

Rates have exact intervals, since encounters are independent; kappa and cost are bootstrapped by patient. A case whose
run failed, or that has no reference tier, is unscored. The model's own tier is judged apart: how often it is right, and
how far its probabilities are from that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.evaluation.interval import bootstrap, exact, pooled_bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import ALL, BASELINE_PREFIX, Row, counted
from vaidya.evaluation.triage_calibration import calibration_row
from vaidya.evaluation.triage_errors import (
    WORST_COST,
    Acceptable,
    cost,
    emergency_recall,
    emergency_to_routine,
    over_triage,
    risk_coverage,
    severe_under_triage,
    under_triage,
    under_triage_urgent,
    weighted_kappa,
)
from vaidya.schema import Case, Tier

RATES: dict[str, Callable[[Sequence[Acceptable], Sequence[Tier]], Rate]] = {
    "under_triage": under_triage,
    "under_triage_urgent": under_triage_urgent,
    "severe_under_triage": severe_under_triage,
    "over_triage": over_triage,
    "emergency_recall": emergency_recall,
    "emergency_to_routine": emergency_to_routine,
}
COHORT_RATES = ("under_triage", "over_triage", "emergency_recall")
COHORT_COLUMNS = ("language", "age_band", "sex", "noise_snr_db")
ROUTINE_VITALS = ("respirations", "spo2", "pulse", "sbp", "temperature", "consciousness")


@dataclass(frozen=True, slots=True)
class Placed:
    """One scored encounter: what is acceptable, the single reference if there is one, the decision, the doubt."""

    outcome: Outcome
    acceptable: tuple[Tier, ...]
    decided: Tier

    @property
    def single(self) -> Tier | None:
        """The reference when only one tier is acceptable."""
        return self.acceptable[0] if len(self.acceptable) == 1 else None


def acceptable_tiers(case: Case) -> tuple[Tier, ...]:
    """Every tier that the reference accepts; empty when the case has no reference."""
    if case.acceptable_tiers:
        return case.acceptable_tiers
    return (case.tier,) if case.tier is not None else ()


def placed(outcomes: Sequence[Outcome]) -> list[Placed]:
    """The encounters that can be scored."""
    return [
        Placed(outcome, tiers, outcome.record.decision.tier)
        for outcome in outcomes
        if outcome.record is not None and (tiers := acceptable_tiers(outcome.case))
    ]


def triage_rates(outcome: Outcome) -> dict[str, Rate]:
    """The counts of one case, for paired comparison; empty when it cannot be scored."""
    one = placed([outcome])
    if not one:
        return {}
    rates = {name: rate([one[0].acceptable], [one[0].decided]) for name, rate in RATES.items()}
    return {name: rate for name, rate in rates.items() if rate.total}


def score_triage(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Every tier metric over all cases, the main rates by cohort, and how often a person is asked."""
    wanted = [outcome for outcome in outcomes if acceptable_tiers(outcome.case)]
    if not wanted:
        return []
    found = placed(wanted)
    place = _Place(dataset, arm, tuple(wanted))
    rows = [_rate_row(place, name, found) for name in RATES]
    rows += [_kappa_row(place, found, rng), _cost_row(place, found, rng)]
    if arm.startswith(BASELINE_PREFIX):
        return rows
    rows += [_human_row(place, found), _unasked_row(place, found)]
    rows += [row for row in (_model_row(place, found),) if row is not None]
    judged = [(acceptable_tiers(outcome.case), outcome) for outcome in wanted]
    rows.append(calibration_row(judged, dataset=dataset, arm=arm, rng=rng))
    for cohort, members in cohorts(wanted):
        part = _Place(dataset, arm, tuple(members), cohort)
        rows += [_rate_row(part, name, placed(members)) for name in COHORT_RATES]
    return rows


@dataclass(frozen=True, slots=True)
class _Place:
    """Where rows go, and the encounters with a reference that they should be of, those that could not be run too."""

    dataset: str
    arm: str
    wanted: tuple[Outcome, ...]
    cohort: str = ALL

    @property
    def failed(self) -> list[str]:
        """The code of each encounter that has no decision."""
        return [outcome.reason or "NO_RECORD" for outcome in self.wanted if outcome.record is None]

    def row(self, metric: str, rate: Rate, n: int) -> Row:
        low, high = exact(rate)
        return Row(
            dataset=self.dataset,
            arm=self.arm,
            metric=metric,
            value=rate.value,
            low=low,
            high=high,
            errors=rate.errors,
            total=rate.total,
            n_scored=n,
            n_unscored=len(self.failed),
            cohort=self.cohort,
            reason=counted(self.failed) or (None if rate.total else "no such encounter in the denominator"),
        )


def _rate_row(place: _Place, name: str, found: Sequence[Placed]) -> Row:
    rate = RATES[name]([p.acceptable for p in found], [p.decided for p in found])
    return place.row(name, rate, len(found))


def _kappa(found: Sequence[Placed]) -> float | None:
    pairs = [(p.single, p.decided) for p in found if p.single is not None]
    return weighted_kappa([r for r, _ in pairs if r], [d for _, d in pairs])


def _kappa_row(place: _Place, found: Sequence[Placed], rng: np.random.Generator) -> Row:
    single = [p for p in found if p.single is not None]
    low, high = bootstrap(single, _kappa, rng=rng)
    reason = counted(place.failed) or (None if single else "every reference accepts several tiers")
    return Row(
        dataset=place.dataset,
        arm=place.arm,
        metric="weighted_kappa",
        value=_kappa(single),
        low=low,
        high=high,
        n_scored=len(single),
        n_unscored=len(place.failed) + len(found) - len(single),
        reason=reason,
    )


def _cost_row(place: _Place, found: Sequence[Placed], rng: np.random.Generator) -> Row:
    each = [cost([p.acceptable], [p.decided]) for p in found]
    low, high = pooled_bootstrap(each, rng=rng, most=WORST_COST)
    alike = "no interval: every encounter costs the same" if each and low is None else None
    return Row(
        dataset=place.dataset,
        arm=place.arm,
        metric="triage_cost",
        value=pooled(each).value,
        low=low,
        high=high,
        n_scored=len(found),
        n_unscored=len(place.failed),
        reason=counted(place.failed) or alike,
    )


def _human_row(place: _Place, found: Sequence[Placed]) -> Row:
    asked = sum(p.outcome.record.decision.needs_human for p in found if p.outcome.record)
    return place.row("needs_human", Rate(asked, len(found)), len(found))


def _unasked_row(place: _Place, found: Sequence[Placed]) -> Row:
    """Under-triage among the cases that no person is asked about."""
    alone = [p for p in found if p.outcome.record and not p.outcome.record.decision.needs_human]
    return place.row(
        "under_triage_unasked", under_triage([p.acceptable for p in alone], [p.decided for p in alone]), len(alone)
    )


def _model_row(place: _Place, found: Sequence[Placed]) -> Row | None:
    tiers = [(p.acceptable, p.outcome.record.decision.floors.get("model")) for p in found if p.outcome.record]
    given = [(acceptable, tier) for acceptable, tier in tiers if tier is not None]
    if not given:
        return None
    return place.row("model_tier_right", Rate(sum(t in a for a, t in given), len(given)), len(given))


def cohorts(wanted: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """(column=value, members) for each cohort column that the cases have, and by whether vitals are missing."""
    for column in COHORT_COLUMNS:
        values = sorted({str(v) for o in wanted if (v := _value(o.case, column)) is not None})
        if len(values) > 1:
            for value in values:
                yield f"{column}={value}", [o for o in wanted if str(_value(o.case, column)) == value]
    for missing in (False, True):
        members = [o for o in wanted if _vitals_missing(o.case) is missing]
        if members and len(members) < len(wanted):
            yield f"vitals={'incomplete' if missing else 'complete'}", members


def _value(case: Case, column: str) -> object:
    own = {"language": case.language, "sex": case.patient.sex.value if case.patient.sex else None}
    return own.get(column) or case.attributes.get(column)


def _vitals_missing(case: Case) -> bool:
    return any(getattr(case.vitals, name) is None for name in ROUTINE_VITALS)


def abstention_curve(outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """Risk-coverage points for `needs_human`: doubt is the number of reasons to ask a person."""
    found = placed(outcomes)
    wrong = [p.decided < min(p.acceptable) for p in found]
    doubt = [float(len(p.outcome.record.decision.human_reasons)) for p in found if p.outcome.record]
    return risk_coverage(wrong, doubt)
