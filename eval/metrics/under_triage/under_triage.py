"""Share of encounters decided below the reference. Card: eval/cards/under_triage.md."""

from vaidya.evaluation import huggingface, triage_errors


class UnderTriage(huggingface.TierMetric):
    """Share of encounters decided below the reference."""

    function = staticmethod(triage_errors.under_triage)
