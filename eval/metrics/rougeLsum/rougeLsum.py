"""ROUGE-Lsum F1 with stemming, mean over pairs. Card: eval/cards/rougeLsum.md."""

from vaidya.evaluation import huggingface, note_lexical


class Rougelsum(huggingface.OverlapMetric):
    """ROUGE-Lsum F1 with stemming, mean over pairs."""

    function = staticmethod(note_lexical.rouge)
    key = "rougeLsum"
