"""Share of recordings whose breathing rate is within 2 a minute of the reference. Card: eval/cards/breathing_rate_within_2.md."""

from vaidya.evaluation import huggingface, acoustic


class BreathingRateWithin2(huggingface.RecordMetric):
    """Share of recordings whose breathing rate is within 2 a minute of the reference."""

    scorer = staticmethod(acoustic.score_acoustic)
