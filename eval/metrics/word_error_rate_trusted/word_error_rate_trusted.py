"""Word errors per reference word in transcripts that are trusted. Card: eval/cards/word_error_rate_trusted.md."""

from vaidya.evaluation import huggingface, transcript


class WordErrorRateTrusted(huggingface.RecordMetric):
    """Word errors per reference word in transcripts that are trusted."""

    scorer = staticmethod(transcript.score_transcript)
