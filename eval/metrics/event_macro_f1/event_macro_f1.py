"""Mean F1 over the sound labels. Card: eval/cards/event_macro_f1.md."""

from vaidya.evaluation import acoustic, huggingface


class EventMacroF1(huggingface.LabelMetric):
    """Mean F1 over the sound labels."""

    function = staticmethod(acoustic.macro_f1)
