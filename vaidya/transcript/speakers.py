"""Who speaks, where the words leave little doubt; None where they do not.

A question to a second person about the body, or an order, is a clinician's; a complaint in the first person is a
patient's, and so is a plea for help, though it is a question. What answers a clinician's question is the patient's.
Pauses part segments (`vaidya.transcript.segments`), they do not tell voices apart: there is no diarisation here.
Measured: experiments/notes/transcript.md.
"""

import re
from collections.abc import Sequence

from vaidya.language import Answer, Sentence, answer, is_plea, normalise, sentences
from vaidya.schema import Segment, Speaker

ANSWERED_WITHIN_S = 5.0  # a reply to a question comes sooner

_DOES = "examine|check|listen|prescribe|order|refer|ask|start you|send you"
_BODY = (
    "chest|head|stomach|tummy|belly|back|legs?|arms?|knees?|throat|ears?|eyes?|skin|breathing|heart|foot|feet|hands?|"
    "shoulders?|neck|hip|periods?"
)
_TO_PATIENT = re.compile(
    r"\b(?:(?:do|did|are|were|have|had|can|could|would|will) you"
    r"|(?:is|was|does|has|how(?:'s| is)) your"
    r"|(?:what|which|when|where|how|why) (?:\w+ ){0,3}(?:you|your)"
    r"|any (?:pain|fever|allerg\w+|other|history|family|trouble))\b"
)
_ORDERS = re.compile(
    rf"\b(?:i(?:'m| am)? (?:going to|gonna|will|would like to) (?:{_DOES})"
    rf"|(?:i'll|let me|we'll|we will) (?:{_DOES})"
    r"|your (?:x-ray|blood test|results?|scan|ecg|ekg)"
    r"|(?:i am|i'm|my name is|this is) (?:dr|doctor))\b"
)
_COMPLAINS = re.compile(
    r"\b(?:i(?:'ve| have)? (?:been )?(?:having|had|feel|felt|feeling|got|noticed|woke up|vomited|fainted|fell)"
    r"|i (?:can't|cannot|couldn't|take|smoke|drink)"
    r"|i have(?! to\b| (?:a few|some|one more|another|a couple of) questions?| your)"
    r"|i(?:'m| am) (?:having|in pain|allergic|pregnant|diabetic|worried|scared|a smoker)"
    r"|(?:it|that) (?:hurts|started|comes and goes|gets worse)"
    rf"|my (?:{_BODY}|gp|husband|wife))\b"
)


def with_speakers(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments with a speaker where one is clear; a speaker that is known already stays."""
    named: list[Segment] = []
    for segment in segments:
        speaker = segment.speaker or _speaker(segment, named[-1] if named else None)
        named.append(segment if speaker is segment.speaker else segment.model_copy(update={"speaker": speaker}))
    return tuple(named)


def _speaker(segment: Segment, before: Segment | None) -> Speaker | None:
    text = normalise(segment.english or segment.text)
    said = sentences(text)
    clinician = any(_asks(sentence) for sentence in said) or bool(_ORDERS.search(text))
    patient = any(_complains(sentence) for sentence in said)
    if clinician != patient:
        return Speaker.CLINICIAN if clinician else Speaker.PATIENT
    return Speaker.PATIENT if not clinician and _answers(segment, text, before) else None


def _asks(sentence: Sentence) -> bool:
    """Whether a sentence asks a patient: a plea is a patient's, however it is put."""
    return sentence.question and bool(_TO_PATIENT.search(sentence.text)) and not is_plea(sentence.text)


def _complains(sentence: Sentence) -> bool:
    return not _asks(sentence) and bool(_COMPLAINS.search(sentence.text) or is_plea(sentence.text))


def _answers(segment: Segment, text: str, before: Segment | None) -> bool:
    """Whether this is "yes", "no" or the like, right after a clinician's question."""
    if before is None or before.speaker is not Speaker.CLINICIAN:
        return False
    asked = any(sentence.question for sentence in sentences(normalise(before.english or before.text))[-1:])
    soon = segment.start_s - before.end_s <= ANSWERED_WITHIN_S
    return asked and soon and answer(text) is not Answer.OTHER
