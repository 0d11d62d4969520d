"""Share of encounters decided above the reference. Card: eval/cards/over_triage.md."""

from vaidya.evaluation import huggingface, triage_errors


class OverTriage(huggingface.TierMetric):
    """Share of encounters decided above the reference."""

    function = staticmethod(triage_errors.over_triage)
