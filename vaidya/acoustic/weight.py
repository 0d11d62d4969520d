"""What a probe's signal may count for in triage: 0 until its card shows that it has earned more.

The rule: on held-out subjects, recorded the way the product records, the lower bound of the probe's AUROC must exceed
the upper bound of the best baseline's. What has earned its weight may raise a tier by one, together with a respiratory
complaint or vital sign; nothing lowers a tier.
"""

from dataclasses import dataclass

from vaidya.acoustic.card import BASELINES, Card

EARNED = 1.0


@dataclass(frozen=True, slots=True)
class Weight:
    """0 or `EARNED`, with the sentence that says why."""

    value: float
    reason: str


def weight_of(card: Card | None) -> Weight:
    """What the signal of a probe with this card may count for."""
    objection = _objection(card)
    if objection is not None or card is None or card.auroc is None:
        return Weight(0.0, objection or "no probe is configured")
    name, bound = best_baseline(card)
    return Weight(
        EARNED,
        f"on held-out {card.split}s the probe's AUROC is at least {card.auroc.low:.2f}, "
        f"above the best baseline's ({name}) upper bound {bound:.2f}",
    )


def best_baseline(card: Card) -> tuple[str, float]:
    """The baseline with the highest upper bound; one without a bound counts as perfect, for nothing can beat it."""
    bounds = {name: 1.0 if figure.high is None else figure.high for name, figure in card.baselines.items()}
    name = max(bounds, key=lambda key: bounds[key])
    return name, bounds[name]


def _objection(card: Card | None) -> str | None:
    if card is None:
        return "no probe with a card is configured"
    if card.kind != "probe" or card.target is None:
        return "the head names sounds; it makes no clinical claim"
    if card.split == "clip":
        return "the probe was judged on clips of subjects that it was trained on"
    if not card.recorded_as_used:
        return "the probe was judged on sound that was not recorded the way it is used here"
    return _not_better(card)


def _not_better(card: Card) -> str | None:
    absent = [name for name in BASELINES if name not in card.baselines]
    if absent:
        return f"the probe was not compared with {', '.join(absent)}"
    if card.auroc is None or card.auroc.low is None:
        return "the probe's AUROC has no lower bound"
    name, bound = best_baseline(card)
    if card.auroc.low > bound:
        return None
    return (
        f"the lower bound of the probe's AUROC, {card.auroc.low:.2f}, does not exceed the upper bound of the best "
        f"baseline ({name}), {bound:.2f}"
    )
