"""What a patient said or typed as one text to search, with the way back from a place in it to its evidence."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from vaidya.language import Sentence, normalise, sentences
from vaidya.schema import Segment, Speaker
from vaidya.triage.evidence import TriageInput
from vaidya.triage.phrases import fold

# Speech recognition and typing thumbs drop the apostrophe; without it a denial or an inability goes unseen.
_NO_APOSTROPHE = re.compile(r"\b(do|does|did|has|have|had|is|was|are|were|could|would|should|ca|wo)nt\b")
# In a typed complaint the point of an abbreviation ends no sentence: "Abd. pain", "Rt. side weakness".
_ABBREVIATED = re.compile(
    r"\b(abd|abdo|rt|lt|ant|post|lat|bilat|lac|inj|upp|low|diff|gen|resp|neuro|h|c|w|s)\.(?=\s|\w)"
)
# Recognisers in a loop, and some people, use no full stop. What stands 400 characters apart is another statement; this
# also keeps the search for denials and tenses, which looks at whole sentences, linear in the length of the text.
_LONG_RUN = re.compile(r"([^.?!;।]{400}[^.?!;।\s]*)\s")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A normalised piece of text, where it comes from (an evidence id), and who said it where that is known."""

    text: str
    evidence: str
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Utterances joined into one text. starts: the offset of each utterance."""

    text: str
    utterances: tuple[Utterance, ...]
    starts: tuple[int, ...]
    sentences: tuple[Sentence, ...]

    def at(self, position: int) -> Utterance:
        """The utterance that holds a place of the text."""
        return self.utterances[bisect_right(self.starts, position) - 1]

    def sentence_index(self, position: int) -> int:
        """The sentence that holds a place of the text."""
        return max(bisect_right([sentence.start for sentence in self.sentences], position) - 1, 0)


def texts_of(evidence: TriageInput) -> tuple[Spoken, ...]:
    """The typed complaint, the native words and their English, each as one text; empty ones are left out."""
    segments = evidence.transcript.segments
    native = (_utterance(segment, segment.text) for segment in segments)
    english = (
        _utterance(segment, segment.english) for segment in segments if segment.english not in (None, segment.text)
    )
    typed = [Utterance(_plain(evidence.complaint), "complaint")] if evidence.complaint else []
    return tuple(text for text in map(_joined, (tuple(typed), tuple(native), tuple(english))) if text.text)


def _utterance(segment: Segment, text: str | None) -> Utterance:
    return Utterance(_plain(text or ""), f"segment:{segment.id}", segment.speaker)


def _plain(text: str) -> str:
    plain = _NO_APOSTROPHE.sub(r"\1n't", _ABBREVIATED.sub(r"\1 ", fold(normalise(text))))
    return _LONG_RUN.sub(r"\1. ", plain)


@lru_cache(maxsize=256)
def _joined(utterances: tuple[Utterance, ...]) -> Spoken:
    """Segments of one speaker run on, since recognisers cut in mid-sentence; a change of speaker ends the sentence."""
    text, starts = "", []
    for utterance, before in zip(utterances, (None, *utterances), strict=False):
        if before is not None:
            text += " " if before.speaker is utterance.speaker or text.endswith((".", "?", "!", "।")) else ". "
        starts.append(len(text))
        text += utterance.text
    return Spoken(text, utterances, tuple(starts), sentences(text))


def evidence_at(text: Spoken, places: Iterable[int]) -> tuple[str, ...]:
    """Evidence ids of some places, each once, in order."""
    return tuple(dict.fromkeys(text.at(place).evidence for place in places))
