"""Who speaks, where the transcriber does not say: read from what each turn does (asks, answers, advises, complains).

A guess, not a diarisation: `experiments/notes/note.md` has its accuracy on public consultations.
"""

from collections.abc import Sequence

from vaidya.language import normalise, sentences
from vaidya.note.cues import cue
from vaidya.schema import Segment, Speaker

_ANSWER_BIAS = 0.8


def speakers(segments: Sequence[Segment]) -> tuple[Speaker | None, ...]:
    """A speaker for each segment: as given, else guessed; one voice that asks nothing is the patient's.

    Without any clinician's turn every segment is the patient's (or a companion's, which the words alone do not tell).
    """
    if all(segment.speaker for segment in segments):
        return tuple(segment.speaker for segment in segments)
    plain = [normalise(segment.english or segment.text) for segment in segments]
    scores = [_score(text) for text in plain]
    if max(scores, default=0.0) <= 0:
        return tuple(segment.speaker or Speaker.PATIENT for segment in segments)
    guesses: list[Speaker] = []
    for index, segment in enumerate(segments):
        guesses.append(segment.speaker or _guess(index, scores[index], plain, guesses, turns=not segment.words))
    return tuple(guesses)


def _score(text: str) -> float:
    """Positive for a clinician's words, negative for a patient's."""
    asked = sum(sentence.question for sentence in sentences(text))
    return len(cue("clinician").findall(text)) + 0.5 * asked - len(cue("patient").findall(text))


def _guess(index: int, score: float, plain: Sequence[str], before: Sequence[Speaker], *, turns: bool) -> Speaker:
    """The words, and whether the segment before asked. turns: each segment is a turn, not a recogniser's sentence."""
    if before and before[-1] is Speaker.CLINICIAN and _asks(plain[index - 1]):
        score -= _ANSWER_BIAS
    if score == 0 and before:
        # Nothing to go by: turns alternate more often than not, sentences go on until somebody has asked.
        if not turns:
            return before[-1]
        return Speaker.PATIENT if before[-1] is Speaker.CLINICIAN else Speaker.CLINICIAN
    return Speaker.CLINICIAN if score > 0 else Speaker.PATIENT


def _asks(text: str) -> bool:
    return text.endswith("?") or any(sentence.question for sentence in sentences(text)[-1:])
