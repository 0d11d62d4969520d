"""Share of recordings whose breathing rate is within 2 a minute of the reference."""

from vaidya.evaluation import acoustic, huggingface


class BreathingRateWithin2(huggingface.RecordMetric):
    """Share of recordings whose breathing rate is within 2 a minute of the reference."""

    scorer = staticmethod(acoustic.score_acoustic)
