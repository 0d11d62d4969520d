"""Mean number of statements in a note. Card: eval/cards/statements.md."""

from vaidya.evaluation import huggingface, note


class Statements(huggingface.RecordMetric):
    """Mean number of statements in a note."""

    scorer = staticmethod(note.score_note)
