"""Share of critical facts that the note leaves out. Card: eval/cards/omitted_critical_facts.md."""

from vaidya.evaluation import huggingface, note_facts


class OmittedCriticalFacts(huggingface.NoteMetric):
    """Share of critical facts that the note leaves out."""

    function = staticmethod(note_facts.omitted_critical_facts)
