"""Share of statements with an unsupported drug, dose, diagnosis or instruction."""

from vaidya.evaluation import huggingface, note


class UnsupportedStatementsMajor(huggingface.RecordMetric):
    """Share of statements with an unsupported drug, dose, diagnosis or instruction."""

    scorer = staticmethod(note.score_note)
