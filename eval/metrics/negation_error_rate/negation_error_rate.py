"""Share of shared medical terms whose denial was turned round. Card: eval/cards/negation_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class NegationErrorRate(huggingface.TextMetric):
    """Share of shared medical terms whose denial was turned round."""

    function = staticmethod(transcript_errors.negation_errors)
