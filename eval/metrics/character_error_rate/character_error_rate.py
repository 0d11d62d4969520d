"""Edits over reference characters, combining marks kept. Card: eval/cards/character_error_rate.md."""

from vaidya.evaluation import huggingface, transcript_errors


class CharacterErrorRate(huggingface.TextMetric):
    """Edits over reference characters, combining marks kept."""

    function = staticmethod(transcript_errors.character_errors)
