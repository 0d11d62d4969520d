"""What is trained on: MTS-Dialog's training rows as token sequences, and its validation rows to stop by.

A row is three sequences: the prompt (system turn and dialogue), the invocation (the turn with the heading, and the
opening of the reply) and the completion (the section). Only invocation and completion ever pass through an adapter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaidya.corpora import read_cases
from vaidya.evaluation.sections import SectionExample, section_example, training_rows
from vaidya.note.section import INVOCATION, section_messages

# Qwen2's chat template, written out: transformers and llama.cpp both render the table's models so (tests compare).
_TURN = "<|im_start|>{role}\n{content}<|im_end|>\n"
_REPLY = "<|im_start|>assistant\n"
END_OF_TURN = "<|im_end|>"
COMPLETION_TOKENS = 400  # longer sections are cut: 1 % of the training part


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one example. A sequence ends where the next begins."""

    id: str
    prompt: tuple[int, ...]
    invocation: tuple[int, ...]
    completion: tuple[int, ...]

    @property
    def adapted(self) -> tuple[int, ...]:
        """What is read with the adapter: all but the last token, which is only predicted."""
        return (*self.invocation, *self.completion[:-1])


def training_examples(dataset: str = "mts-dialog") -> tuple[list[SectionExample], list[SectionExample]]:
    """Training and validation rows; a training row whose dialogue also occurs in validation is dropped.

    Raises:
        DataError: the set is not on this machine.
    """
    held_out = [section_example(case) for case in read_cases(dataset, split="valid")]
    return training_rows(dataset, held_out), held_out


def encode(tokenizer: Any, example: SectionExample) -> Encoded:
    """Token ids of an example, by a transformers tokenizer."""
    *opening, last = section_messages(example.dialogue, example.header)
    prompt = "".join(_TURN.format(role=turn.role, content=turn.content) for turn in opening)
    completion = _ids(tokenizer, example.text)[:COMPLETION_TOKENS]
    return Encoded(
        example.id,
        prompt=tuple(_ids(tokenizer, prompt)),
        invocation=tuple(_ids(tokenizer, _TURN.format(role=last.role, content=last.content) + _REPLY)),
        completion=(*completion, tokenizer.convert_tokens_to_ids(END_OF_TURN)),
    )


def invocation_ids(tokenizer: Any) -> list[int]:
    """The tokens from which on the adapter is active: the opening of the turn with the heading."""
    return _ids(tokenizer, f"<|im_start|>user\n{INVOCATION}")


def shorter_than(rows: Sequence[Encoded], prompt_tokens: int) -> list[Encoded]:
    """Rows whose prompt has at most so many tokens; the few long ones cost a large part of the time."""
    return [row for row in rows if len(row.prompt) <= prompt_tokens]


def _ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]
