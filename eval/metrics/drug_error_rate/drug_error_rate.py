"""Share of named medicines lost. Card: eval/cards/drug_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class DrugErrorRate(huggingface.TextMetric):
    """Share of named medicines lost."""

    function = staticmethod(transcript_errors.drug_errors)
