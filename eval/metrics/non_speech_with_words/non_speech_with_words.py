"""Share of recordings without speech for which words were written. Card: eval/cards/non_speech_with_words.md."""

from vaidya.evaluation import huggingface, transcript


class NonSpeechWithWords(huggingface.RecordMetric):
    """Share of recordings without speech for which words were written."""

    scorer = staticmethod(transcript.score_transcript)
