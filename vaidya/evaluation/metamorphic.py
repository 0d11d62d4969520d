"""Relations between the tier before and after a change (`vaidya.evaluation.perturb`), counted.

`check` asks any function for tiers, as the rules in tests and notebooks; `score_metamorphic` reads the outcomes of a
suite whose dataset says `changed: true`, so that the pipeline with its real models is under test.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vaidya.evaluation.interval import exact
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.perturb import CHANGE, CHANGED_FROM, CHANGES, Change
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.rows import Row
from vaidya.schema import Case, Tier

METRIC = "metamorphic_violations"


@dataclass(frozen=True, slots=True)
class Violation:
    """A change after which its relation did not hold."""

    change: str
    case_id: str
    before: Tier
    after: Tier


@dataclass(frozen=True, slots=True)
class Checked:
    """One change over many cases: how often it applied, and where its relation failed."""

    change: Change
    applied: int
    violations: tuple[Violation, ...]

    @property
    def rate(self) -> Rate:
        """Violations per case to which the change applies."""
        return Rate(len(self.violations), self.applied)


def check(
    cases: Iterable[Case],
    tier_of: Callable[[Case], Tier],
    *,
    rng: np.random.Generator,
    changes: Sequence[Change] = CHANGES,
) -> list[Checked]:
    """Every change on every case. tier_of: the system under test; it sees changed cases as any other."""
    found = {change.name: Checked(change, 0, ()) for change in changes}
    for case in cases:
        before = tier_of(case)
        for change in changes:
            changed = change.apply(case, rng)
            if changed is not None:
                found[change.name] = _count(found[change.name], case.id, before, tier_of(changed))
    return list(found.values())


def _count(so_far: Checked, case_id: str, before: Tier, after: Tier) -> Checked:
    holds = so_far.change.relation.holds(before, after)
    broken = () if holds else (Violation(so_far.change.name, case_id, before, after),)
    return replace(so_far, applied=so_far.applied + 1, violations=so_far.violations + broken)


def score_metamorphic(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:  # noqa: ARG001
    """One row a change over the changed cases of a suite; a changed case whose original failed is not counted."""
    before = {o.case.id: o.record.decision.tier for o in outcomes if o.record is not None}
    found = {change.name: Checked(change, 0, ()) for change in CHANGES}
    for outcome in outcomes:
        name, original = (str(outcome.case.attributes.get(key)) for key in (CHANGE, CHANGED_FROM))
        if name in found and original in before and outcome.record is not None:
            found[name] = _count(found[name], original, before[original], outcome.record.decision.tier)
    return rows(found.values(), dataset=dataset, arm=arm) if any(one.applied for one in found.values()) else []


def rows(checked: Iterable[Checked], *, dataset: str, arm: str) -> list[Row]:
    """One row a change, as `metamorphic_violations` of the cohort change=name. Lower is better, 0 is expected."""
    found = []
    for one in checked:
        low, high = exact(one.rate)
        found.append(
            Row(
                dataset=dataset,
                arm=arm,
                metric=METRIC,
                value=one.rate.value,
                low=low,
                high=high,
                errors=one.rate.errors,
                total=one.rate.total,
                n_scored=one.applied,
                cohort=f"change={one.change.name}",
                reason=None if one.applied else "the change applies to no case",
            )
        )
    return found
