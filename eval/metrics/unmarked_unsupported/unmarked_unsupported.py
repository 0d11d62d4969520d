"""Share of statements that nothing said supports and that are not marked so. Card: eval/cards/unmarked_unsupported.md."""

from vaidya.evaluation import huggingface, note


class UnmarkedUnsupported(huggingface.RecordMetric):
    """Share of statements that nothing said supports and that are not marked so."""

    scorer = staticmethod(note.score_note)
