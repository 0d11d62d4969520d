"""Share of emergencies decided ROUTINE. Card: eval/cards/emergency_to_routine.md."""

from vaidya.evaluation import huggingface, triage_errors


class EmergencyToRoutine(huggingface.TierMetric):
    """Share of emergencies decided ROUTINE."""

    function = staticmethod(triage_errors.emergency_to_routine)
