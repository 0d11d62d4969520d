"""Share of encounters decided below the reference without asking for a person. Card: eval/cards/under_triage_unasked.md."""

from vaidya.evaluation import huggingface, triage


class UnderTriageUnasked(huggingface.RecordMetric):
    """Share of encounters decided below the reference without asking for a person."""

    scorer = staticmethod(triage.score_triage)
