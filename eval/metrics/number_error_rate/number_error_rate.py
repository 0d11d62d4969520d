"""Share of numbers with a unit lost or changed. Card: eval/cards/number_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class NumberErrorRate(huggingface.TextMetric):
    """Share of numbers with a unit lost or changed."""

    function = staticmethod(transcript_errors.number_errors)
