"""Area under the receiver operating characteristic. Card: eval/cards/auroc.md."""

from vaidya.evaluation import acoustic, huggingface


class Auroc(huggingface.ScoreMetric):
    """Area under the receiver operating characteristic."""

    function = staticmethod(acoustic.auroc)
