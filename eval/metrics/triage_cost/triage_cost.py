"""Mean asymmetric cost: four for each tier too low, one for each tier too high. Card: eval/cards/triage_cost.md."""

from vaidya.evaluation import huggingface, triage_errors


class TriageCost(huggingface.TierMetric):
    """Mean asymmetric cost: four for each tier too low, one for each tier too high."""

    function = staticmethod(triage_errors.cost)
