"""Share of medical terms lost. Card: eval/cards/medical_term_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class MedicalTermErrorRate(huggingface.TextMetric):
    """Share of medical terms lost."""

    function = staticmethod(transcript_errors.term_errors)
