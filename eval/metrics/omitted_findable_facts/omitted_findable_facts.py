"""Share of critical facts that the note leaves out among those whose words were said."""

from vaidya.evaluation import huggingface, note


class OmittedFindableFacts(huggingface.RecordMetric):
    """Share of critical facts that the note leaves out among those whose words were said."""

    scorer = staticmethod(note.score_note)
