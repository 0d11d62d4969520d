"""Share of facts that stand in another section than they should. Card: eval/cards/misplaced_facts.md."""

from vaidya.evaluation import huggingface, note


class MisplacedFacts(huggingface.RecordMetric):
    """Share of facts that stand in another section than they should."""

    scorer = staticmethod(note.score_note)
