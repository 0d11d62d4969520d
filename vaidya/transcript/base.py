"""What every transcriber does."""

from typing import Protocol

from vaidya.backends import names, resolve
from vaidya.config import TranscriptConfig
from vaidya.schema import Recording, Transcript, WeightsUsed


class Transcriber(Protocol):
    """Recording -> Transcript.

    A constructor takes the `TranscriptConfig` alone and loads the weights. `transcribe` raises TranscriptionError when
    the engine fails; no speech and doubtful speech are states of the transcript, not errors.
    """

    name: str
    weights: tuple[WeightsUsed, ...]

    def __init__(self, config: TranscriptConfig) -> None: ...

    def transcribe(self, recording: Recording, language: str | None = None) -> Transcript:
        """Native segments with times, their English, the language and the state. `language`: given, not detected."""
        ...


def load_transcriber(config: TranscriptConfig) -> Transcriber:
    """The transcriber that the configuration names."""
    return resolve(names("vaidya.transcribers"), config.backend)(config)
