"""What a section scores without any adapter: the floor that a trained model has to leave behind."""

from collections.abc import Callable, Sequence

from vaidya.note.section import spoken_lines
from vaidya.training.examples import SectionExample

Writer = Callable[[SectionExample], str]


def copied(example: SectionExample) -> str:
    """The dialogue itself, without the speakers' names."""
    return " ".join(words for _, words in _turns(example))


def longest_turn(example: SectionExample) -> str:
    """The patient's longest turn; the longest of anybody where no patient speaks."""
    turns = _turns(example)
    patient = [words for speaker, words in turns if speaker == "Patient"]
    return max(patient or [words for _, words in turns], key=len)


def nearest(training: Sequence[SectionExample]) -> Writer:
    """The training section of the most similar dialogue under the same heading (cosine of TF-IDF, words and pairs)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    matrix = vectors.fit_transform([example.dialogue for example in training])

    def write(example: SectionExample) -> str:
        similar = (matrix @ vectors.transform([example.dialogue]).T).toarray().ravel()
        same = [i for i, other in enumerate(training) if other.header == example.header] or range(len(training))
        return training[max(same, key=lambda i: similar[i])].text

    return write


def _turns(example: SectionExample) -> list[tuple[str, str]]:
    parted = (line.partition(": ") for line in spoken_lines(example.dialogue).splitlines())
    return [(speaker, words) if colon else ("", speaker) for speaker, colon, words in parted]
