"""Share of statements left as somebody spoke them. Card: eval/cards/statements_as_spoken.md."""

from vaidya.evaluation import huggingface, note


class StatementsAsSpoken(huggingface.RecordMetric):
    """Share of statements left as somebody spoke them."""

    scorer = staticmethod(note.score_note)
