"""Share of statements that nothing said or measured supports. Card: eval/cards/unsupported_statements.md."""

from vaidya.evaluation import huggingface, note_support


class UnsupportedStatements(huggingface.NoteMetric):
    """Share of statements that nothing said or measured supports."""

    function = staticmethod(note_support.unsupported_statements)
