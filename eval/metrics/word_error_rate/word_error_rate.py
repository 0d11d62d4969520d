"""Substitutions, deletions and insertions over reference words, marks kept. Card: eval/cards/word_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class WordErrorRate(huggingface.TextMetric):
    """Substitutions, deletions and insertions over reference words, marks kept."""

    function = staticmethod(transcript_errors.word_errors)
