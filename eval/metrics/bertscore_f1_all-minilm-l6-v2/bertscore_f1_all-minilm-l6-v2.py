"""BERTScore F1 by all-MiniLM-L6-v2. Card: eval/cards/bertscore_f1_all-minilm-l6-v2.md."""

from vaidya.evaluation import huggingface, note_encoder


class Bertscore(huggingface.OverlapMetric):
    """BERTScore F1 by all-MiniLM-L6-v2."""

    function = staticmethod(note_encoder.bertscore)
