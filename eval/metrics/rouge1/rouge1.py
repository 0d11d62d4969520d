"""ROUGE-1 F1 with stemming, mean over pairs. Card: eval/cards/rouge1.md."""

from vaidya.evaluation import huggingface, note_lexical


class Rouge1(huggingface.OverlapMetric):
    """ROUGE-1 F1 with stemming, mean over pairs."""

    function = staticmethod(note_lexical.rouge)
    key = "rouge1"
