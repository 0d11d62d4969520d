"""Share of numbers with meaning that the note leaves out. Card: eval/cards/numbers_lost.md."""

from vaidya.evaluation import huggingface, note_marks


class NumbersLost(huggingface.NoteMetric):
    """Share of numbers with meaning that the note leaves out."""

    function = staticmethod(note_marks.numbers_lost)
