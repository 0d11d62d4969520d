"""ROUGE-2 F1 with stemming, mean over pairs. Card: eval/cards/rouge2.md."""

from vaidya.evaluation import huggingface, note_lexical


class Rouge2(huggingface.OverlapMetric):
    """ROUGE-2 F1 with stemming, mean over pairs."""

    function = staticmethod(note_lexical.rouge)
    key = "rouge2"
