"""Share of consultations with speech that have no note. Card: eval/cards/notes_abstained.md."""

from vaidya.evaluation import huggingface, note


class NotesAbstained(huggingface.RecordMetric):
    """Share of consultations with speech that have no note."""

    scorer = staticmethod(note.score_note)
