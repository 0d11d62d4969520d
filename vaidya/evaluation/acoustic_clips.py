"""Labelled clips as the acoustic table takes them: read and decoded, each with its subject."""

from collections.abc import Iterable
from dataclasses import dataclass

from vaidya.audio import read_recording
from vaidya.config import RunConfig
from vaidya.corpora import audio_path, read_cases
from vaidya.errors import AudioError, DataError
from vaidya.evaluation.acoustic import Judged, judged
from vaidya.evaluation.run import OnCase
from vaidya.schema import Case, Recording

MORE_SPEECH = "speech_multilingual"


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A clip that could be read. label: the finest that the encoder's head may learn (speech apart from other)."""

    case: Case
    recording: Recording
    label: str
    subject: str


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips of a set, and those that could not be read, with the code."""

    read: tuple[LabelledClip, ...]
    failed: tuple[Judged, ...]


def read_clips(cases: Iterable[Case], config: RunConfig, on_case: OnCase | None = None) -> Clips:
    """Decode every labelled clip.

    Raises:
        DataError: a case has no label or no recording; a clip without a label is not a clip of nothing.
    """
    read, failed = [], []
    for case in cases:
        if on_case is not None:
            on_case(case.dataset, "listen", case)
        label, path = case.attributes.get("label"), audio_path(case)
        if not isinstance(label, str) or path is None:
            raise DataError(f"case {case.id} has no sound label or no recording; the acoustic suite needs both")
        try:
            recording = read_recording(path, config.audio)
        except AudioError as error:
            failed += [found for found in [judged(case, None, error.code)] if found is not None]
            continue
        subject = str(case.attributes.get("subject") or case.id)
        read.append(LabelledClip(case, recording, "speech" if case.speech and label == "other" else label, subject))
    return Clips(tuple(read), tuple(failed))


def speech_clips(config: RunConfig) -> tuple[list[LabelledClip], int]:
    """More speech to fit on, where it is at hand: most of what a consultation holds. Never scored here.

    Returns the clips, and how many recordings were left out because they cannot be read.
    """
    try:
        cases = [case for case in read_cases(MORE_SPEECH) if case.audio is not None]
    except DataError:
        return [], 0
    found = []
    for case in cases:
        path = audio_path(case)
        assert path is not None, "cases without a recording were left out above"
        try:
            found.append(LabelledClip(case, read_recording(path, config.audio), "speech", _speaker(case)))
        except AudioError:
            continue
    return found, len(cases) - len(found)


def _speaker(case: Case) -> str:
    """The speaker as the sets name him; unknown ones pooled by source and language, as in the respiratory set."""
    speaker = case.attributes.get("speaker")
    if speaker not in (None, "", "unknown"):
        return str(speaker)
    source = str(case.attributes.get("source") or "").split() or ["unknown"]
    return f"{source[0]}-speech_{case.language}"
