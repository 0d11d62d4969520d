"""Share of notes that quote because no model's note could be used. Card: eval/cards/notes_extractive.md."""

from vaidya.evaluation import huggingface, note


class NotesExtractive(huggingface.RecordMetric):
    """Share of notes that quote because no model's note could be used."""

    scorer = staticmethod(note.score_note)
