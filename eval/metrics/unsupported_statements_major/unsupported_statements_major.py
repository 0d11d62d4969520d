"""Share of statements with an unsupported drug, dose, diagnosis or instruction. Card: eval/cards/unsupported_statements_major.md."""

from vaidya.evaluation import huggingface, note


class UnsupportedStatementsMajor(huggingface.RecordMetric):
    """Share of statements with an unsupported drug, dose, diagnosis or instruction."""

    scorer = staticmethod(note.score_note)
