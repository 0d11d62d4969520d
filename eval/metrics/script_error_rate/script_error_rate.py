"""Share of letters in another script than the language's own. Card: eval/cards/script_error_rate.md."""

from vaidya.evaluation import huggingface, transcript


class ScriptErrorRate(huggingface.RecordMetric):
    """Share of letters in another script than the language's own."""

    scorer = staticmethod(transcript.score_transcript)
