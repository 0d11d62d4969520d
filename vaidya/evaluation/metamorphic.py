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
from vaidya.evaluation.rows import Row, counted
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
    """One change over many cases: how often it was judged, where its relation failed, and what could not be judged.

    lost: a code for each changed case that has no tier, or whose original has none.
    """

    change: Change
    applied: int
    violations: tuple[Violation, ...]
    lost: tuple[str, ...] = ()

    @property
    def rate(self) -> Rate:
        """Violations per case to which the change applies and that could be judged."""
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
    """One row a change over the changed cases of a suite; one that cannot be compared with its original is unscored."""
    originals = {outcome.case.id: outcome for outcome in outcomes if CHANGE not in outcome.case.attributes}
    found = {change.name: Checked(change, 0, ()) for change in CHANGES}
    for outcome in outcomes:
        name, original = (str(outcome.case.attributes.get(key)) for key in (CHANGE, CHANGED_FROM))
        if name in found:
            found[name] = _compare(found[name], originals.get(original), outcome)
    any_changed = any(one.applied or one.lost for one in found.values())
    return rows(found.values(), dataset=dataset, arm=arm) if any_changed else []


def _compare(so_far: Checked, original: Outcome | None, changed: Outcome) -> Checked:
    if original is None or original.record is None:
        return replace(so_far, lost=(*so_far.lost, "ORIGINAL_WITHOUT_TIER"))
    if changed.record is None:
        return replace(so_far, lost=(*so_far.lost, changed.reason or "NO_RECORD"))
    return _count(so_far, original.case.id, original.record.decision.tier, changed.record.decision.tier)


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
                n_unscored=len(one.lost),
                cohort=f"change={one.change.name}",
                reason=_why(one),
            )
        )
    return found


def _why(one: Checked) -> str | None:
    return counted(one.lost) or (None if one.applied else "the change applies to no case")
