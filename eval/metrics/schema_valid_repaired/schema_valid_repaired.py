"""Share of replies that fit the schema after repair. Card: eval/cards/schema_valid_repaired.md."""

from vaidya.evaluation import huggingface, note


class SchemaValidRepaired(huggingface.RecordMetric):
    """Share of replies that fit the schema after repair."""

    scorer = staticmethod(note.score_note)
