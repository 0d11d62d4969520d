"""Words with times -> segments that a person can read, play and point at: a sentence, or what lies between pauses."""

from collections.abc import Iterator, Sequence

from vaidya.schema import Segment, Word
from vaidya.transcript.gates import Doubt
from vaidya.transcript.voice import Span

PAUSE_S = 1.0  # longer than a breath within a sentence; a sentence cut in two translates badly
SENTENCE_ENDS = (".", "?", "!", "।", "॥", "؟", "۔", "。", "？", "！")
LONGEST_S = 15.0  # beyond it any pause splits
SHORT_PAUSE_S = 0.2


def sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Groups of words: split after a sentence's end, at a pause, and in overlong groups at any short pause.

    >>> w = [Word(start_s=t, end_s=t + 0.3, text=x, probability=1.0)
    ...      for t, x in ((0.0, " It"), (0.4, " hurts."), (0.8, " Since"), (1.2, " Monday"), (3.0, " yes"))]
    >>> ["".join(word.text for word in group).strip() for group in sentences(w)]
    ['It hurts.', 'Since Monday', 'yes']
    """
    return [tuple(group) for group in _groups(words)]


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and _splits(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _splits(group: Sequence[Word], following: Word) -> bool:
    pause = following.start_s - group[-1].end_s
    overlong = group[-1].end_s - group[0].start_s >= LONGEST_S
    return pause >= PAUSE_S or ends_sentence(group[-1].text) or (overlong and pause >= SHORT_PAUSE_S)


def ends_sentence(text: str) -> bool:
    """Whether a word closes a sentence; a title and a single initial do not.

    >>> ends_sentence(" hurts."), ends_sentence(" Dr."), ends_sentence(" 38.")
    (True, False, True)
    """
    bare = text.strip().rstrip("\"'”’)»")
    if bare.casefold() in ("dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "vs.", "no."):
        return False
    return bare.endswith(SENTENCE_ENDS) and not (len(bare) == 2 and bare[0].isupper())


def plain_text(words: Sequence[Word]) -> str:
    """The words as one line, single spaces."""
    return " ".join("".join(word.text for word in words).split())


def with_unheard(segments: Sequence[Segment], spans: Sequence[Span]) -> tuple[Segment, ...]:
    """The segments with an empty one for each span that was not taken for speech, so that a person can listen to it."""
    flags = (Doubt.NOT_BELIEVED.value,)
    gaps = (Segment(id=0, start_s=span.start_s, end_s=span.end_s, text="", flags=flags) for span in spans)
    ordered = sorted((*segments, *gaps), key=lambda segment: segment.start_s)
    return tuple(segment.model_copy(update={"id": number}) for number, segment in enumerate(ordered))
