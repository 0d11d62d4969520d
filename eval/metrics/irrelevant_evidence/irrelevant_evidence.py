"""Share of cited segments that do not bear on their statement. Card: eval/cards/irrelevant_evidence.md."""

from vaidya.evaluation import huggingface, note


class IrrelevantEvidence(huggingface.RecordMetric):
    """Share of cited segments that do not bear on their statement."""

    scorer = staticmethod(note.score_note)
