"""Share of recordings whose language was detected wrongly. Card: eval/cards/language_error_rate.md."""

from vaidya.evaluation import huggingface, transcript


class LanguageErrorRate(huggingface.RecordMetric):
    """Share of recordings whose language was detected wrongly."""

    scorer = staticmethod(transcript.score_transcript)
