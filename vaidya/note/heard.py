"""The transcript as sentences: who said each, which question it answers, and how a question was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vaidya.language import Answer, answer, normalise, sentences
from vaidya.note.speakers import speakers
from vaidya.schema import Speaker, Transcript

# Hesitation or a second question may come first; an answer later than this belongs to something else.
_LATEST_REPLY = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence of the transcript in normal form, English (native where there is no English).

    segment: id of its segment. reply: how a question was answered; None for a statement or an unanswered question.
    answered_in: segment id of that reply. answers: the question that this sentence replies to, as an index.
    """

    segment: int
    speaker: Speaker | None
    text: str
    question: bool
    reply: Answer | None = None
    answered_in: int | None = None
    answers: int | None = None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The segments that the sentence and its reply stand in, as evidence names."""
        both = (self.segment, self.answered_in)
        return tuple(f"segment:{i}" for i in dict.fromkeys(both) if i is not None)


def heard(transcript: Transcript) -> tuple[Heard, ...]:
    """Every sentence in order, questions joined to their replies; empty without usable words."""
    if not transcript.has_words:
        return ()
    found = [
        Heard(segment.id, speaker, sentence.text, sentence.question)
        for segment, speaker in zip(transcript.segments, speakers(transcript.segments), strict=True)
        for sentence in sentences(normalise(segment.english or segment.text))
    ]
    return _with_replies(found)


def _with_replies(found: Sequence[Heard]) -> tuple[Heard, ...]:
    joined = [replace(s, question=s.question or _asks(found, index)) for index, s in enumerate(found)]
    for index, sentence in enumerate(tuple(joined)):
        reply = _reply_to(joined, index) if sentence.question else None
        if reply is not None:
            taken = answer(found[reply].text)
            joined[index] = replace(joined[index], reply=taken, answered_in=found[reply].segment)
            joined[reply] = replace(joined[reply], answers=index)
    return tuple(joined)


def _asks(found: Sequence[Heard], index: int) -> bool:
    """Whether "you have a fever" without its question mark was a question: the next sentence says yes or no to it."""
    follows = found[index + 1].text if index + 1 < len(found) else ""
    return found[index].text.startswith("you ") and answer(follows) is not Answer.OTHER


def _reply_to(found: Sequence[Heard], index: int) -> int | None:
    """The first sentence after a question that answers it: another voice's, or any where voices are unknown."""
    asker = found[index].speaker
    for later in range(index + 1, min(len(found), index + 1 + _LATEST_REPLY)):
        other_voice = asker is None or found[later].speaker is not asker
        same_segment = found[later].segment == found[index].segment
        if not found[later].question and (
            other_voice or (same_segment and answer(found[later].text) is not Answer.OTHER)
        ):
            return later
    return None
