"""Dialogues that come with one section of a note each: the rows, what may be learnt from, and the most similar ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vaidya.corpora import read_cases
from vaidya.schema import Case

_SPEAKERS = {"clinician", "companion", "doctor", "patient", "unknown"}


@dataclass(frozen=True, slots=True)
class SectionExample:
    """One dialogue and the section that a clinician wrote from it. dialogue: a turn a line, each with its speaker."""

    id: str
    header: str
    dialogue: str
    text: str


def section_example(case: Case) -> SectionExample:
    """The row of a case that has a section, in one line."""
    assert case.section_header is not None
    assert case.note is not None
    dialogue = "\n".join(f"{turn.speaker}: {turn.text}" for turn in case.turns)
    return SectionExample(case.id, case.section_header, dialogue, " ".join(case.note.split()))


def training_rows(dataset: str, judged: Sequence[SectionExample]) -> list[SectionExample]:
    """The set's training rows, without those whose dialogue also occurs among the judged ones.

    Raises:
        DataError: the set is not on this machine.
    """
    seen = {_words(example.dialogue) for example in judged}
    rows = (section_example(case) for case in read_cases(dataset, split="train"))
    return [row for row in rows if _words(row.dialogue) not in seen]


def _words(text: str) -> str:
    """What is said, without who says it: one copy of a dialogue may have lost a line break before a speaker."""
    return " ".join(word for word in re.findall(r"\w+", text.lower()) if word not in _SPEAKERS)


class Similar:
    """The training dialogues under the same heading, most similar first (cosine of TF-IDF, words and pairs)."""

    def __init__(self, training: Sequence[SectionExample]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._training = training
        self._vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
        self._matrix = self._vectors.fit_transform([example.dialogue for example in training])

    def __call__(self, example: SectionExample, count: int) -> list[SectionExample]:
        """The `count` most similar; of any heading where no training row has this one."""
        similarity = (self._matrix @ self._vectors.transform([example.dialogue]).T).toarray().ravel()
        everyone = range(len(self._training))
        same = [i for i in everyone if self._training[i].header == example.header] or list(everyone)
        return [self._training[i] for i in sorted(same, key=lambda i: -similarity[i])[:count]]
