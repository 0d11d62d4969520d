"""Share of all reference facts that the note leaves out. Card: eval/cards/omitted_facts.md."""

from vaidya.evaluation import huggingface, note


class OmittedFacts(huggingface.RecordMetric):
    """Share of all reference facts that the note leaves out."""

    scorer = staticmethod(note.score_note)
