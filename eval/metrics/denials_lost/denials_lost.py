"""Share of denied symptoms that the note leaves out or turns round. Card: eval/cards/denials_lost.md."""

from vaidya.evaluation import huggingface, note_marks


class DenialsLost(huggingface.NoteMetric):
    """Share of denied symptoms that the note leaves out or turns round."""

    function = staticmethod(note_marks.denials_lost)
