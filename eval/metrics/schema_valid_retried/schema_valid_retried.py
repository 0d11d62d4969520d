"""Share of replies that fit the schema after a retry. Card: eval/cards/schema_valid_retried.md."""

from vaidya.evaluation import huggingface, note


class SchemaValidRetried(huggingface.RecordMetric):
    """Share of replies that fit the schema after a retry."""

    scorer = staticmethod(note.score_note)
