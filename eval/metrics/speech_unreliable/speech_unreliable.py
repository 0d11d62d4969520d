"""Share of recordings with speech whose transcript is doubted. Card: eval/cards/speech_unreliable.md."""

from vaidya.evaluation import huggingface, transcript


class SpeechUnreliable(huggingface.RecordMetric):
    """Share of recordings with speech whose transcript is doubted."""

    scorer = staticmethod(transcript.score_transcript)
