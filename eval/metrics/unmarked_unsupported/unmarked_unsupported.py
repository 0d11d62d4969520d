"""Share of statements that nothing said supports and that are not marked so."""

from vaidya.evaluation import huggingface, note


class UnmarkedUnsupported(huggingface.RecordMetric):
    """Share of statements that nothing said supports and that are not marked so."""

    scorer = staticmethod(note.score_note)
