"""A transcriber that says what its script says: for tests, demonstrations and dry runs; never a default."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from vaidya.config import TranscriptConfig
from vaidya.errors import ConfigError, TranscriptionError
from vaidya.schema import Recording, Transcript, WeightsUsed

ANY_RECORDING = "*"
_SCRIPT = TypeAdapter(dict[str, Transcript])


class ScriptedTranscriber:
    """Gives the transcript that its script holds for a recording.

    `transcript.weights` is the path of a JSON file: an object whose keys are sha256 sums of recordings, or "*" for any
    other recording, and whose values are transcripts (`vaidya.schema.Transcript`).
    """

    name = "scripted"
    weights: tuple[WeightsUsed, ...] = ()

    def __init__(self, config: TranscriptConfig) -> None:
        path = Path(config.weights)
        if not path.is_file():
            raise ConfigError(
                f"the scripted transcriber needs `transcript.weights`: the path of a JSON file with transcripts; "
                f"found {config.weights!r}"
            )
        try:
            self.script: Mapping[str, Transcript] = _SCRIPT.validate_json(path.read_bytes())
        except ValidationError as error:
            raise ConfigError(f"{path.name} is no script of transcripts: {error.error_count()} problem(s)") from error

    @classmethod
    def of(cls, script: Transcript | Mapping[str, Transcript]) -> "ScriptedTranscriber":
        """A transcriber with a script that was not written to a file; one transcript stands for every recording."""
        transcriber = cls.__new__(cls)
        transcriber.script = {ANY_RECORDING: script} if isinstance(script, Transcript) else dict(script)
        return transcriber

    def transcribe(self, recording: Recording, language: str | None = None) -> Transcript:
        """The scripted transcript, in the given language where one is given.

        Raises:
            TranscriptionError: the script has nothing for this recording.
        """
        found = self.script.get(recording.info.sha256) or self.script.get(ANY_RECORDING)
        if found is None:
            raise TranscriptionError("the script holds no transcript for this recording")
        if language is None:
            return found
        return found.model_copy(update={"language": language, "language_probability": None})
