"""Tiers against reference tiers: pure counts, reference first.

A reference is one tier, or several that are all acceptable (sets whose labels are coarser than ours). Under-triage is a
tier below the least severe acceptable one, over-triage one above the most severe. Each rate counts every encounter with
a reference, which is how the nurses of the KTAS set (Moon 2019) and of Sax 2023 were counted; definitions and
yardsticks stand in eval/cards/.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from vaidya.errors import LengthMismatchError
from vaidya.evaluation.rate import Rate
from vaidya.schema import Tier

Acceptable = Tier | Collection[Tier]
SEVERE = 2  # tiers; an EMERGENCY that waits 60 minutes or more
UNDER_COST, OVER_COST = 4.0, 1.0  # our convention: waiting too long by one tier is worth four tiers of haste
WORST_COST = UNDER_COST * (len(Tier) - 1)


def pair_up(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> list[tuple[int, int, int]]:
    """(least severe acceptable, most severe acceptable, decided) as severities.

    Raises:
        LengthMismatchError: the sequences differ in length.
    """
    if len(reference) != len(decided):
        raise LengthMismatchError(f"{len(reference)} references and {len(decided)} decisions; they must pair up")
    sets = [{r} if isinstance(r, Tier) else set(r) for r in reference]
    return [(min(s).severity, max(s).severity, d.severity) for s, d in zip(sets, decided, strict=True)]


def under_triage(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Share of encounters sent to wait longer than the reference allows. Lower is better.

    >>> under_triage([Tier.EMERGENCY, Tier.ROUTINE], [Tier.URGENT, Tier.URGENT])
    Rate(errors=1, total=2)
    """
    pairs = pair_up(reference, decided)
    return Rate(sum(d < low for low, _, d in pairs), len(pairs))


def under_triage_urgent(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Under-triage among encounters whose reference is URGENT or above: what a set full of minor cases cannot dilute.

    >>> under_triage_urgent([Tier.EMERGENCY, Tier.ROUTINE], [Tier.URGENT, Tier.URGENT])
    Rate(errors=1, total=1)
    """
    pairs = [(low, d) for low, _, d in pair_up(reference, decided) if low >= Tier.URGENT.severity]
    return Rate(sum(d < low for low, d in pairs), len(pairs))


def severe_under_triage(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Share of encounters placed two tiers or more below the reference. Lower is better.

    >>> severe_under_triage([Tier.EMERGENCY, Tier.EMERGENCY], [Tier.URGENT, Tier.SEMI_URGENT])
    Rate(errors=1, total=2)
    """
    pairs = pair_up(reference, decided)
    return Rate(sum(low - d >= SEVERE for low, _, d in pairs), len(pairs))


def over_triage(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Share of encounters seen sooner than the reference asks. Lower is better, but cheaper than its opposite.

    >>> over_triage([Tier.ROUTINE, Tier.URGENT], [Tier.URGENT, Tier.URGENT])
    Rate(errors=1, total=2)
    """
    pairs = pair_up(reference, decided)
    return Rate(sum(d > high for _, high, d in pairs), len(pairs))


def emergency_recall(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Share of emergencies decided EMERGENCY; `errors` counts the ones found. Higher is better.

    >>> emergency_recall([Tier.EMERGENCY, Tier.EMERGENCY], [Tier.EMERGENCY, Tier.URGENT]).value
    0.5
    """
    found = [d for low, _, d in pair_up(reference, decided) if low == Tier.EMERGENCY.severity]
    return Rate(sum(d == Tier.EMERGENCY.severity for d in found), len(found))


def emergency_to_routine(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Share of emergencies decided ROUTINE, the one error that must not happen.

    >>> emergency_to_routine([Tier.EMERGENCY], [Tier.ROUTINE])
    Rate(errors=1, total=1)
    """
    found = [d for low, _, d in pair_up(reference, decided) if low == Tier.EMERGENCY.severity]
    return Rate(sum(d == Tier.ROUTINE.severity for d in found), len(found))


def cost(reference: Sequence[Acceptable], decided: Sequence[Tier]) -> Rate:
    """Mean asymmetric cost: tiers too low count `UNDER_COST` each, tiers too high `OVER_COST` each. Lower is better.

    >>> cost([Tier.URGENT, Tier.URGENT], [Tier.SEMI_URGENT, Tier.EMERGENCY])
    Rate(errors=5.0, total=2)
    """
    pairs = pair_up(reference, decided)
    return Rate(sum(UNDER_COST * max(low - d, 0) + OVER_COST * max(d - high, 0) for low, high, d in pairs), len(pairs))


def weighted_kappa(reference: Sequence[Tier], decided: Sequence[Tier]) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen, Psychological Bulletin 1968): 1 - sum(w·observed)/sum(w·expected).

    None without pairs, or when both sides use one and the same tier throughout (expected disagreement is 0).

    >>> weighted_kappa([Tier.ROUTINE, Tier.EMERGENCY], [Tier.ROUTINE, Tier.EMERGENCY])
    1.0
    """
    pairs = [(low, d) for low, _, d in pair_up(reference, decided)]
    of_reference, of_decided = Counter(r for r, _ in pairs), Counter(d for _, d in pairs)
    expected = sum((r - d) ** 2 * n * m for r, n in of_reference.items() for d, m in of_decided.items())
    if not expected:
        return None
    return 1.0 - len(pairs) * sum((r - d) ** 2 for r, d in pairs) / expected


def confusion(reference: Sequence[Tier], decided: Sequence[Tier]) -> dict[tuple[Tier, Tier], int]:
    """Counts by (reference, decided); pairs that do not occur are absent.

    >>> confusion([Tier.ROUTINE], [Tier.URGENT])
    {(<Tier.ROUTINE: 'ROUTINE'>, <Tier.URGENT: 'URGENT'>): 1}
    """
    pair_up(reference, decided)
    counts: dict[tuple[Tier, Tier], int] = {}
    for pair in zip(reference, decided, strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def risk_coverage(wrong: Sequence[bool], doubt: Sequence[float]) -> list[tuple[float, float]]:
    """(coverage, risk) as cases are admitted in order of growing doubt; cases of equal doubt enter together.

    risk: share of wrong decisions among the admitted. Geifman and El-Yaniv, NeurIPS 2017.

    >>> risk_coverage([False, True], [0, 1])
    [(0.5, 0.0), (1.0, 0.5)]
    """
    if len(wrong) != len(doubt):
        raise LengthMismatchError(f"{len(wrong)} outcomes and {len(doubt)} doubts; they must pair up")
    points = []
    for level in sorted(set(doubt)):
        admitted = [w for w, d in zip(wrong, doubt, strict=True) if d <= level]
        points.append((len(admitted) / len(wrong), sum(admitted) / len(admitted)))
    return points
