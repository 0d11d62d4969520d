"""A language model's request and reply."""

import enum
from typing import Annotated, Literal

from pydantic import Field

from vaidya.schema.base import Contract


class Message(Contract):
    """One chat turn."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(repr=False)]


class FinishReason(enum.Enum):
    """STOP is a finished reply; LENGTH was cut at the token limit; ENDED by whoever asked, who needed no more of it."""

    STOP = "stop"
    LENGTH = "length"
    ENDED = "ended"


class Token(Contract):
    """One token of a reply. alternatives: natural log-probability of the likeliest tokens at its place, by their text.

    Whether they were taken before or after the schema's mask is the engine's choice; the token itself may not be among
    them.
    """

    text: Annotated[str, Field(repr=False)]
    alternatives: Annotated[dict[str, Annotated[float, Field(le=0)]], Field(repr=False)] = {}


class Generation(Contract):
    """What came back and what it cost.

    ttft_s: seconds from the call to the first token. decode_s: from the first token to the last.
    tokens_cached: prompt tokens that the engine did not have to read again. None where the engine does not tell.
    opening: the first tokens with their alternatives; empty where the engine does not tell.
    """

    text: Annotated[str, Field(repr=False)]
    model: str
    finish_reason: FinishReason
    tokens_in: Annotated[int | None, Field(ge=0)] = None
    tokens_cached: Annotated[int | None, Field(ge=0)] = None
    tokens_out: Annotated[int | None, Field(ge=0)] = None
    ttft_s: Annotated[float | None, Field(ge=0)] = None
    decode_s: Annotated[float | None, Field(ge=0)] = None
    opening: tuple[Token, ...] = ()

    @property
    def decode_tokens_per_s(self) -> float | None:
        """Tokens after the first, per second; None when undefined."""
        if not self.tokens_out or self.tokens_out < 2 or not self.decode_s:
            return None
        return (self.tokens_out - 1) / self.decode_s
