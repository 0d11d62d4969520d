"""Share of recordings with speech in which none was heard. Card: eval/cards/speech_missed.md."""

from vaidya.evaluation import huggingface, transcript


class SpeechMissed(huggingface.RecordMetric):
    """Share of recordings with speech in which none was heard."""

    scorer = staticmethod(transcript.score_transcript)
