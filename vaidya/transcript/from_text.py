"""Text that somebody already wrote down -> Transcript, for data sets without sound and for typed dialogues."""

import re

from vaidya.schema import Segment, Speaker, Transcript, TranscriptState

_TURN = re.compile(r"^\s*\[?(?P<who>doctor|clinician|nurse|physician|patient|companion|guest_\w+|d|p)\]?\s*[:\]]\s*", re.I)
_SPEAKERS = {"p": Speaker.PATIENT, "patient": Speaker.PATIENT, "companion": Speaker.COMPANION}


def transcript_from_text(text: str, language: str | None = None) -> Transcript:
    """One segment a non-empty line; a line may begin with its speaker ("patient: …", "doctor: …").

    Nothing was timed: every segment lies at 0 s. Text without a language is taken to be English, and is its own English
    then; other languages stay untranslated.
    """
    segments = tuple(_segment(i, line, language or "en") for i, line in enumerate(filter(str.strip, text.splitlines())))
    state = TranscriptState.SPEECH if segments else TranscriptState.NO_SPEECH
    return Transcript(state=state, language=language or "en", segments=segments, transcriber="text")


def _segment(number: int, line: str, language: str) -> Segment:
    turn = _TURN.match(line)
    words = line[turn.end() :].strip() if turn else line.strip()
    return Segment(
        id=number,
        start_s=0.0,
        end_s=0.0,
        text=words,
        english=words if language == "en" else None,
        speaker=_speaker(turn.group("who")) if turn else None,
    )


def _speaker(name: str) -> Speaker:
    if name.lower().startswith("guest"):
        return Speaker.COMPANION
    return _SPEAKERS.get(name.lower(), Speaker.CLINICIAN)
