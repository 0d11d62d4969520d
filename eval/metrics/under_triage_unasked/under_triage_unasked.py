"""Share of encounters decided below the reference without asking for a person."""

from vaidya.evaluation import huggingface, triage


class UnderTriageUnasked(huggingface.RecordMetric):
    """Share of encounters decided below the reference without asking for a person."""

    scorer = staticmethod(triage.score_triage)
