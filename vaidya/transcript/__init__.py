"""Recording -> Transcript: what was said, natively and in English, and whether it can be relied on."""

from vaidya.transcript.base import Transcriber, load_transcriber
from vaidya.transcript.from_text import transcript_from_text

__all__ = ["Transcriber", "load_transcriber", "transcript_from_text"]
