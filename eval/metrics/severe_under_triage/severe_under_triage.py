"""Share of encounters decided two tiers or more below the reference. Card: eval/cards/severe_under_triage.md."""

from vaidya.evaluation import huggingface, triage_errors


class SevereUnderTriage(huggingface.TierMetric):
    """Share of encounters decided two tiers or more below the reference."""

    function = staticmethod(triage_errors.severe_under_triage)
