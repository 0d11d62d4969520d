"""Words written per minute of recordings in which nobody speaks. Card: eval/cards/words_in_non_speech.md."""

from vaidya.evaluation import huggingface, transcript


class WordsInNonSpeech(huggingface.RecordMetric):
    """Words written per minute of recordings in which nobody speaks."""

    scorer = staticmethod(transcript.score_transcript)
