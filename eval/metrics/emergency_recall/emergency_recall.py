"""Share of emergencies decided EMERGENCY. Card: eval/cards/emergency_recall.md."""

from vaidya.evaluation import huggingface, triage_errors


class EmergencyRecall(huggingface.TierMetric):
    """Share of emergencies decided EMERGENCY."""

    function = staticmethod(triage_errors.emergency_recall)
