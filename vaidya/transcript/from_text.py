"""Text that somebody already wrote down -> Transcript, for data sets without sound and for typed dialogues."""

import re

from vaidya.schema import Segment, Speaker, Transcript, TranscriptState
from vaidya.transcript.gates import Reason
from vaidya.transcript.scripts import own_share

ENGLISH = "en"
LATIN_MIN = 0.5  # less than half Latin letters: not English, whatever it is

_TURN = re.compile(
    r"^\s*\[?(?P<who>doctor|clinician|nurse|physician|patient|companion|guest_\w+|d|p)\]?\s*[:\]]\s*", re.I
)
_SPEAKERS = {"p": Speaker.PATIENT, "patient": Speaker.PATIENT, "companion": Speaker.COMPANION}


def transcript_from_text(text: str, language: str | None = None) -> Transcript:
    """One segment a line that holds words; a line may begin with its speaker ("patient: …", "doctor: …").

    Nothing was timed, so no time is invented: every segment lies at 0 s and takes none. Latin text without a language
    is taken to be English, and is its own English then; text of other languages stays untranslated.

    >>> transcript_from_text("doctor: any fever?\\npatient: no").segments[1].speaker
    <Speaker.PATIENT: 'patient'>
    """
    spoken = language or _english_by_its_letters(text)
    turns = (turn for turn in map(_turn, text.splitlines()) if turn[1])
    segments = tuple(_segment(number, words, who, spoken) for number, (who, words) in enumerate(turns))
    state = TranscriptState.SPEECH if segments else TranscriptState.NO_SPEECH
    reasons = () if segments else (Reason.NO_WORDS.value,)
    return Transcript(state=state, reasons=reasons, language=spoken, segments=segments, transcriber="text")


def _english_by_its_letters(text: str) -> str | None:
    share = own_share(text, ENGLISH)
    return None if share is not None and share < LATIN_MIN else ENGLISH


def _turn(line: str) -> tuple[Speaker | None, str]:
    found = _TURN.match(line)
    if found is None:
        return None, line.strip()
    return _speaker(found.group("who")), line[found.end() :].strip()


def _segment(number: int, words: str, speaker: Speaker | None, language: str | None) -> Segment:
    english = words if language == ENGLISH else None
    return Segment(id=number, start_s=0.0, end_s=0.0, text=words, english=english, speaker=speaker)


def _speaker(name: str) -> Speaker:
    if name.lower().startswith("guest"):
        return Speaker.COMPANION
    return _SPEAKERS.get(name.lower(), Speaker.CLINICIAN)
