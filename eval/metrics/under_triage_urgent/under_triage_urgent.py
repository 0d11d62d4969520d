"""Share of urgent encounters decided below the reference. Card: eval/cards/under_triage_urgent.md."""

from vaidya.evaluation import huggingface, triage_errors


class UnderTriageUrgent(huggingface.TierMetric):
    """Share of urgent encounters decided below the reference."""

    function = staticmethod(triage_errors.under_triage_urgent)
