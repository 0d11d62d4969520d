"""Share of statements without a segment as evidence. Card: eval/cards/uncited_statements.md."""

from vaidya.evaluation import huggingface, note


class UncitedStatements(huggingface.RecordMetric):
    """Share of statements without a segment as evidence."""

    scorer = staticmethod(note.score_note)
