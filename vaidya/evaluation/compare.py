"""Two versions on the same cases: McNemar for tiers, differences with their bounds, non-inferiority with a margin.

McNemar's exact test: the discordant pairs are binomial with p = 1/2 under equality (McNemar, Psychometrika 1947). The
bounds stand in `vaidya.evaluation.paired`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from vaidya.evaluation.paired import Pair, difference, upper_bound
from vaidya.evaluation.rate import Rate
from vaidya.schema import Tier
from vaidya.schema.base import Contract

# Metrics that a paired comparison knows: the counts of one case.
PAIRED = (
    *("under_triage", "under_triage_urgent", "severe_under_triage", "over_triage", "emergency_recall"),
    *("omitted_critical_facts", "unsupported_statements", "unmarked_unsupported", "statements_as_spoken"),
    "rouge1",
    *("word_error_rate", "medical_term_error_rate", "negation_error_rate", "non_speech_with_words"),
)
# Counted as what was lost of it, so that a difference above 0 is always for the worse.
MORE_IS_BETTER = frozenset({"emergency_recall", "rouge1"})
SECONDS = "seconds"
SEED = 7


class CaseResult(Contract):
    """What one version made of one case, as counts: enough to compare two versions, and free of patient words.

    rates: metric id -> (errors, total) of this case. reason: why it could not be run, or what failed in it, as a code.
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
    """A difference of rates: how much worse ours is. upper: one-sided 95 % bound; None without common cases."""

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
    """How much worse a pooled rate of ours is on common cases, with its one-sided 95 % bound.

    A case in which something failed, and that has no rate therefore, is counted with the worst rate for the version
    that failed, so that failing on hard cases cannot look like an improvement. A case for which the rate is undefined
    (a note without statements has no unsupported one) is left out.
    """
    assert margin > 0
    pairs = [(_rate(a, metric, b), _rate(b, metric, a)) for a, b in common(ours, theirs, dataset)]
    return _paired(metric, [(a, b) for a, b in pairs if a.total and b.total])


def slower(ours: Sequence[CaseResult], theirs: Sequence[CaseResult], dataset: str) -> Paired:
    """How many seconds longer ours takes a case, on average; of cases that were run on other days or machines too."""
    timed = [(a.seconds, b.seconds) for a, b in common(ours, theirs, dataset)]
    return _paired(SECONDS, [(Rate(a, 1), Rate(b, 1)) for a, b in timed if a is not None and b is not None])


def _paired(metric: str, pairs: Sequence[Pair]) -> Paired:
    return Paired(metric, difference(pairs), upper_bound(pairs, np.random.default_rng(SEED)), len(pairs))


def _rate(result: CaseResult, metric: str, other: CaseResult) -> Rate:
    """What was lost; the worst there is where the case failed and the other version shows what could be lost."""
    errors, total = result.rates.get(metric, (0.0, 0.0))
    if total:
        return Rate(total - errors if metric in MORE_IS_BETTER else errors, total)
    at_stake = other.rates.get(metric, (0.0, 0.0))[1] if result.reason else 0.0
    return Rate(at_stake, at_stake)


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
    """McNemar's p-value for "not under-triaged" on the common cases that both decided and that have a reference."""
    scored = [
        (a, b) for a, b in common(ours, theirs, dataset) if "under_triage" in a.rates and "under_triage" in b.rates
    ]
    return mcnemar([not _under(a) for a, _ in scored], [not _under(b) for _, b in scored])


def _under(result: CaseResult) -> bool:
    return result.rates["under_triage"][0] > 0


def comparison_table(ours: Sequence[CaseResult], theirs: Sequence[CaseResult], margin: float) -> Any:
    """Every paired metric on every common dataset, as a rich table; seconds stand without a verdict."""
    from rich.table import Table

    from vaidya.evaluation.table import number

    table = Table(title=f"how much worse ours is (margin {margin:g})", title_justify="left", header_style="bold")
    for heading in ("dataset", "metric", "difference", "upper bound", "n", "verdict"):
        table.add_column(heading)
    for dataset in sorted({r.dataset for r in ours} & {r.dataset for r in theirs}):
        found = [non_inferiority(ours, theirs, metric=m, dataset=dataset, margin=margin) for m in PAIRED]
        for paired in [*found, slower(ours, theirs, dataset)]:
            if paired.upper is not None:
                numbers = (number(paired.difference), number(paired.upper), str(paired.n))
                table.add_row(dataset, paired.metric, *numbers, _verdict(paired, margin))
        table.add_row(dataset, "tiers (McNemar p)", number(tier_p_value(ours, theirs, dataset)), "", "", "")
    return table


def _verdict(paired: Paired, margin: float) -> str:
    if paired.metric == SECONDS or paired.upper is None:
        return ""
    return "not worse" if paired.upper <= margin else "may be worse"
