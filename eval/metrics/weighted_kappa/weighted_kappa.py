"""Quadratic weighted kappa of decided and reference tiers. Card: eval/cards/weighted_kappa.md."""

from vaidya.evaluation import huggingface, triage_errors


class WeightedKappa(huggingface.TierMetric):
    """Quadratic weighted kappa of decided and reference tiers."""

    function = staticmethod(triage_errors.weighted_kappa)
