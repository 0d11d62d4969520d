"""Share of encounters that are passed to a person. Card: eval/cards/needs_human.md."""

from vaidya.evaluation import huggingface, triage


class NeedsHuman(huggingface.RecordMetric):
    """Share of encounters that are passed to a person."""

    scorer = staticmethod(triage.score_triage)
