"""Every error that vaidya raises on purpose, each with a stable code.

A code is what crosses a wire (`failures[].code`, the HTTP error body, the CLI's message); the class is what
Python code catches. A message says what was found, what was needed and what to do. It never carries what a
patient said, a name, or any other protected health information: messages end up in logs.
"""

from typing import Any, ClassVar


class VaidyaError(Exception):
    """Base of all errors; `code` identifies the kind, independent of the wording.

    lasting: the same input under the same settings and code fails again, wherever and whenever. What may pass (a time
    limit, a server that is down, weights that are not here yet) is tried again and never kept as a result.
    """

    code: ClassVar[str] = "INTERNAL"
    lasting: ClassVar[bool] = False


def by_code(code: str) -> type[VaidyaError]:
    """The kind of error that a code names; `VaidyaError` for a code that names none.

    >>> by_code("AUDIO_EMPTY").lasting, by_code("STAGE_TIMEOUT").lasting, by_code("?").code
    (True, False, 'INTERNAL')
    """
    waiting = [VaidyaError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            return kind
        waiting += kind.__subclasses__()
    return VaidyaError


class InputError(VaidyaError):
    """What the user gave cannot be used; the command line exits 2, HTTP answers 400."""

    code = "INPUT"
    lasting = True


# --- audio -----------------------------------------------------------------------------------------------------


class AudioError(InputError):
    """The recording cannot be used."""

    code = "AUDIO"


class AudioNotFoundError(AudioError):
    """No file at the given path."""

    code = "AUDIO_NOT_FOUND"
    lasting = False


class AudioEmptyError(AudioError):
    """The file holds no byte, or no sample."""

    code = "AUDIO_EMPTY"


class AudioFormatError(AudioError):
    """The bytes are not a recording that can be decoded."""

    code = "AUDIO_FORMAT"


class AudioTooShortError(AudioError):
    """Less sound than the shortest useful utterance."""

    code = "AUDIO_TOO_SHORT"


class AudioTooLongError(AudioError):
    """More sound than the configured limit, declared or decoded."""

    code = "AUDIO_TOO_LONG"


class AudioTooLargeError(AudioError):
    """More bytes than the configured limit."""

    code = "AUDIO_TOO_LARGE"


class AudioLimitError(AudioError):
    """Decoding used more time or memory than the configured limit and was stopped."""

    code = "AUDIO_LIMIT"
    lasting = False


class AudioNotFiniteError(AudioError):
    """The recording holds NaN or infinite samples."""

    code = "AUDIO_NOT_FINITE"


# --- other input -----------------------------------------------------------------------------------------------


class VitalsError(InputError):
    """A vital sign is impossible, or named wrongly."""

    code = "VITALS"


class PatientError(InputError):
    """Age, sex or pregnancy cannot be read."""

    code = "PATIENT"


class LanguageError(InputError):
    """The language code is not one the transcriber knows."""

    code = "LANGUAGE"


class IntakeError(InputError):
    """Neither a recording, nor a complaint, nor a vital sign was given, or the request is malformed."""

    code = "INTAKE"


class DataError(InputError):
    """A dataset, case or suite file is missing or malformed."""

    code = "DATA"


class DataMissingError(DataError):
    """A data set is not on this machine."""

    code = "DATA_MISSING"
    lasting = False


class TooFewSubjectsError(DataError):
    """Too few people, or too few clips of every label, for a split that keeps people apart."""

    code = "TOO_FEW_SUBJECTS"


# --- set-up ----------------------------------------------------------------------------------------------------


class ConfigError(VaidyaError):
    """A profile, suite or experiment file is wrong."""

    code = "CONFIG"


class UnknownBackendError(ConfigError):
    """No backend has that name."""

    code = "UNKNOWN_BACKEND"


class UnknownParameterError(ConfigError):
    """A notebook was given a parameter that it does not declare."""

    code = "UNKNOWN_PARAMETER"


class BackendMissingError(ConfigError):
    """A backend's library is not installed; the message names the extra that brings it."""

    code = "BACKEND_MISSING"


class WeightsError(VaidyaError):
    """Weights are not on this machine, cannot be fetched, or are not what was pinned."""

    code = "WEIGHTS"


class WeightsHashError(WeightsError):
    """A weight file's sha256 is not the pinned one; it was not loaded."""

    code = "WEIGHTS_HASH"


# --- stages ----------------------------------------------------------------------------------------------------


class StageError(VaidyaError):
    """A stage of the pipeline failed; the record carries the code and the other stages' results.

    generations: the replies of a language model that were had before it failed: they took time and tokens.
    """

    code = "STAGE"
    generations: tuple[Any, ...] = ()


class StageTimeoutError(StageError):
    """A stage used more time than its limit."""

    code = "STAGE_TIMEOUT"


class TranscriptionError(StageError):
    """The transcriber failed."""

    code = "TRANSCRIPTION"


class ListeningError(StageError):
    """The acoustic stage failed."""

    code = "LISTENING"


class GenerationError(StageError):
    """The language model failed, or its server answered with an error."""

    code = "GENERATION"


class GenerationTimeoutError(GenerationError):
    """The language model did not finish in time."""

    code = "GENERATION_TIMEOUT"


class GenerationTruncatedError(GenerationError):
    """The reply was cut at the token limit."""

    code = "GENERATION_TRUNCATED"
    lasting = True


class GenerationContextError(GenerationError):
    """The request does not fit into the language model's context."""

    code = "GENERATION_CONTEXT"
    lasting = True


class GenerationUnavailableError(GenerationError):
    """The language model's server cannot be reached, refuses the key, or stays overloaded."""

    code = "GENERATION_UNAVAILABLE"


class NoteUnsupportedError(StageError):
    """Most of what the model wrote was never said, even after one retry."""

    code = "NOTE_UNSUPPORTED"
    lasting = True


class NoteFormatError(StageError):
    """The reply is not a note, even after repair and one retry."""

    code = "NOTE_FORMAT"
    lasting = True


# --- evaluation, registry, deployment --------------------------------------------------------------------------


class LengthMismatchError(VaidyaError):
    """References and decisions differ in number."""

    code = "LENGTH_MISMATCH"


class TrackingError(VaidyaError):
    """Something that a run must not log: a number that is not finite, too many metrics, patient words."""

    code = "TRACKING"


class TrainingError(VaidyaError):
    """A training run learns nothing any more; its folder holds what it had learnt before."""

    code = "TRAINING"


class NotebookError(VaidyaError):
    """A notebook failed; the message names the cell and the error's type."""

    code = "NOTEBOOK"


class GateRefusedError(VaidyaError):
    """The safety gate refused a version; the command line exits 3."""

    code = "GATE_REFUSED"


class ArtifactError(VaidyaError):
    """A registered artifact is not what was registered; it was not loaded."""

    code = "ARTIFACT"


class DeploymentError(VaidyaError):
    """A deployment step failed and was rolled back."""

    code = "DEPLOYMENT"


class ContentTypeError(InputError):
    """A request's body is of a type that is not read; HTTP answers 415."""

    code = "CONTENT_TYPE"


class QueueFullError(VaidyaError):
    """More consultations than the server takes at once; HTTP answers 429. retry_after_s: whole seconds."""

    code = "QUEUE_FULL"

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotLoadedError(VaidyaError):
    """The server is up but its models are not loaded yet; HTTP answers 503."""

    code = "NOT_LOADED"
