"""Share of replies that fit the schema on the first try. Card: eval/cards/schema_valid_first.md."""

from vaidya.evaluation import huggingface, note


class SchemaValidFirst(huggingface.RecordMetric):
    """Share of replies that fit the schema on the first try."""

    scorer = staticmethod(note.score_note)
