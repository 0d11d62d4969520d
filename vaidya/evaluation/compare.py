"""Two versions on the same cases: McNemar for tiers, paired bootstrap for the rest, non-inferiority with a margin.

McNemar's exact test: the discordant pairs are binomial with p = 1/2 under equality (McNemar, Psychometrika 1947).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from vaidya.evaluation.interval import DRAWS, exact
from vaidya.evaluation.rate import Rate, pooled
from vaidya.schema import Tier
from vaidya.schema.base import Contract

# Metrics that a paired comparison knows: the counts of one case; higher is worse for each.
PAIRED = ("under_triage", "severe_under_triage", "over_triage", "omitted_critical_facts", "unsupported_statements")
SEED = 7


class CaseResult(Contract):
    """What one version made of one case, as counts: enough to compare two versions, and free of patient words.

    rates: metric id -> (errors, total) of this case.
    """

    dataset: str
    arm: str
    case_id: str
    tier: Tier | None = None
    reference: Tier | None = None
    needs_human: bool | None = None
    rates: dict[str, tuple[float, float]] = {}
    seconds: Annotated[float | None, Field(ge=0)] = None
    language: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Paired:
    """A difference of rates, ours minus theirs. upper: one-sided 95 % bound; None without common cases."""

    metric: str
    difference: float | None
    upper: float | None
    n: int


def common(
    ours: Sequence[CaseResult], theirs: Sequence[CaseResult], dataset: str
) -> list[tuple[CaseResult, CaseResult]]:
    """Pairs of results of the same case of a dataset, in our order."""
    other: Mapping[str, CaseResult] = {r.case_id: r for r in theirs if r.dataset == dataset}
    return [(r, other[r.case_id]) for r in ours if r.dataset == dataset and r.case_id in other]


def non_inferiority(
    ours: Sequence[CaseResult], theirs: Sequence[CaseResult], *, metric: str, dataset: str, margin: float
) -> Paired:
    """Difference of a pooled rate on common cases with its one-sided 95 % bootstrap bound, cases resampled in pairs.

    Where no case differs the bound is the share of cases that may still be worse, Clopper-Pearson's.

    A case that either version could not score is counted with the worst rate for the version that failed, so that
    failing on hard cases cannot look like an improvement.
    """
    assert margin > 0
    pairs = [(_rate(a, metric, b), _rate(b, metric, a)) for a, b in common(ours, theirs, dataset)]
    pairs = [(a, b) for a, b in pairs if a.total or b.total]
    if not pairs:
        return Paired(metric, None, None, 0)
    counts = np.array([(a.errors, a.total, b.errors, b.total) for a, b in pairs], dtype=float)
    rng = np.random.default_rng(SEED)
    draws = [_difference(counts[rng.integers(len(counts), size=len(counts))]) for _ in range(DRAWS)]
    finite = [d for d in draws if np.isfinite(d)]
    upper = float(np.quantile(finite, 0.95)) if finite else None
    if finite and np.ptp(finite) == 0:
        upper = finite[0] + (exact(Rate(0, len(pairs)), level=0.90)[1] or 0.0)
    return Paired(metric, _value(pooled(a for a, _ in pairs), pooled(b for _, b in pairs)), upper, len(pairs))


def _rate(result: CaseResult, metric: str, other: CaseResult) -> Rate:
    found = result.rates.get(metric)
    if found is not None:
        return Rate(*found)
    total = other.rates.get(metric, (0.0, 0.0))[1]
    return Rate(total, total)


def _difference(counts: np.ndarray) -> float:
    e1, t1, e2, t2 = counts.sum(axis=0)
    return e1 / t1 - e2 / t2 if t1 and t2 else float("nan")


def _value(ours: Rate, theirs: Rate) -> float | None:
    return None if ours.value is None or theirs.value is None else ours.value - theirs.value


def mcnemar(ours: Sequence[bool], theirs: Sequence[bool]) -> float | None:
    """Two-sided exact p-value that two versions are right equally often; None when no pair is discordant.

    >>> mcnemar([True] * 8 + [False] * 2, [False] * 8 + [True] * 2)
    0.109375
    """
    from scipy.stats import binomtest

    only_ours = sum(a and not b for a, b in zip(ours, theirs, strict=True))
    only_theirs = sum(b and not a for a, b in zip(ours, theirs, strict=True))
    if only_ours + only_theirs == 0:
        return None
    return float(binomtest(only_ours, only_ours + only_theirs, 0.5).pvalue)


def tier_p_value(ours: Sequence[CaseResult], theirs: Sequence[CaseResult], dataset: str) -> float | None:
    """McNemar's p-value for "not under-triaged" on the common cases with a reference tier."""
    scored = [(a, b) for a, b in common(ours, theirs, dataset) if a.reference and a.tier and b.tier]
    right = [(not _under(a), not _under(b)) for a, b in scored]
    return mcnemar([a for a, _ in right], [b for _, b in right]) if right else None


def _under(result: CaseResult) -> bool:
    return result.rates.get("under_triage", (0.0, 0.0))[0] > 0


def comparison_table(ours: Sequence[CaseResult], theirs: Sequence[CaseResult], margin: float) -> Any:
    """Every paired metric on every common dataset, as a rich table."""
    from rich.table import Table

    from vaidya.evaluation.table import number

    table = Table(title=f"ours minus theirs (margin {margin:g})", title_justify="left", header_style="bold")
    for heading in ("dataset", "metric", "difference", "upper bound", "n", "verdict"):
        table.add_column(heading)
    for dataset in sorted({r.dataset for r in ours} & {r.dataset for r in theirs}):
        for metric in PAIRED:
            paired = non_inferiority(ours, theirs, metric=metric, dataset=dataset, margin=margin)
            if paired.upper is not None:
                verdict = "not worse" if paired.upper <= margin else "may be worse"
                numbers = (number(paired.difference), number(paired.upper), str(paired.n))
                table.add_row(dataset, metric, *numbers, verdict)
        table.add_row(dataset, "tiers (McNemar p)", number(tier_p_value(ours, theirs, dataset)), "", "", "")
    return table
