"""What a section scores without any adapter: the floor that a trained model has to leave behind."""

from collections.abc import Callable, Sequence

from vaidya.evaluation.sections import SectionExample, Similar
from vaidya.llm.base import LanguageModel
from vaidya.note.section import reply_text, section_messages, spoken_lines, token_limit
from vaidya.schema import Message

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
    """The section of the most similar training dialogue, whatever this dialogue says."""
    similar = Similar(training)
    return lambda example: similar(example, 1)[0].text


def few_shot(model: LanguageModel, training: Sequence[SectionExample], shots: int) -> Writer:
    """A model shown the most similar training dialogues with their sections before it is asked."""
    similar = Similar(training)

    def write(example: SectionExample) -> str:
        system, *asked = section_messages(example.dialogue, example.header)
        shown = [message for other in reversed(similar(example, shots)) for message in _shown(other)]
        return reply_text(model, (system, *shown, *asked), token_limit(example.header))

    return write


def _shown(example: SectionExample) -> tuple[Message, ...]:
    _, *asked = section_messages(example.dialogue, example.header)
    return (*asked, Message(role="assistant", content=example.text))


def _turns(example: SectionExample) -> list[tuple[str, str]]:
    parted = (line.partition(": ") for line in spoken_lines(example.dialogue).splitlines())
    return [(speaker, words) if colon else ("", speaker) for speaker, colon, words in parted]
