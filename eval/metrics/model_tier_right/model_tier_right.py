"""Share of the model's own tiers that are acceptable. Card: eval/cards/model_tier_right.md."""

from vaidya.evaluation import huggingface, triage


class ModelTierRight(huggingface.RecordMetric):
    """Share of the model's own tiers that are acceptable."""

    scorer = staticmethod(triage.score_triage)
