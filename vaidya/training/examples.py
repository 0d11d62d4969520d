"""What is trained on: MTS-Dialog's training rows as token sequences, and its validation rows to stop by.

A row is two sequences: the prompt (what the model is asked, up to the opening of the reply) and the completion (the
section and the end of the turn).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaidya.corpora import read_cases
from vaidya.errors import ConfigError
from vaidya.evaluation.sections import SectionExample, section_example, training_rows
from vaidya.note.section import section_messages

COMPLETION_TOKENS = 400  # longer sections are cut: 1 % of the training part


@dataclass(frozen=True, slots=True)
class Markup:
    """How a model's turns are written. start: begins a turn. end: ends it. model: the name of the one who replies."""

    start: str
    end: str
    model: str
    before: str = ""

    def turn(self, role: str, content: str) -> str:
        """One turn, with its line end."""
        return f"{self.start}{role}\n{content}{self.end}\n"

    @property
    def reply(self) -> str:
        """What a reply begins with."""
        return f"{self.start}{self.model}\n"


# Written out: transformers and llama.cpp both render Qwen2's turns so (tests compare). Gemma's template allows neither
# a system turn nor two of one role in a row, so for Gemma these rows train and judge a model in transformers alone.
MARKUPS = (
    Markup("<|im_start|>", "<|im_end|>", "assistant"),
    Markup("<start_of_turn>", "<end_of_turn>", "model", before="<bos>"),
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one example."""

    id: str
    prompt: tuple[int, ...]
    completion: tuple[int, ...]

    @property
    def read(self) -> tuple[int, ...]:
        """What the model reads: all but the last token, which is only predicted."""
        return (*self.prompt, *self.completion[:-1])


def training_examples(dataset: str = "mts-dialog") -> tuple[list[SectionExample], list[SectionExample]]:
    """Training and validation rows; a training row whose dialogue also occurs in validation is dropped.

    Raises:
        DataError: the set is not on this machine.
    """
    held_out = [section_example(case) for case in read_cases(dataset, split="valid")]
    return training_rows(dataset, held_out), held_out


def markup_of(tokenizer: Any) -> Markup:
    """The markup whose tokens a tokenizer knows.

    Raises:
        ConfigError: it knows none of them.
    """
    for markup in MARKUPS:
        if tokenizer.convert_tokens_to_ids(markup.start) not in {None, tokenizer.unk_token_id}:
            return markup
    raise ConfigError(f"sections are trained for models with the turns of {', '.join(m.start for m in MARKUPS)}")


def encode(tokenizer: Any, example: SectionExample) -> Encoded:
    """Token ids of an example, by a transformers tokenizer."""
    markup = markup_of(tokenizer)
    turns = section_messages(example.dialogue, example.header)
    prompt = markup.before + "".join(markup.turn(turn.role, turn.content) for turn in turns) + markup.reply
    completion = _ids(tokenizer, example.text)[:COMPLETION_TOKENS]
    return Encoded(
        example.id,
        prompt=tuple(_ids(tokenizer, prompt)),
        completion=(*completion, tokenizer.convert_tokens_to_ids(markup.end)),
    )


def shorter_than(rows: Sequence[Encoded], prompt_tokens: int) -> list[Encoded]:
    """Rows whose prompt has at most so many tokens; the few long ones cost a large part of the time."""
    return [row for row in rows if len(row.prompt) <= prompt_tokens]


def _ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]
