"""What every language model does."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from vaidya.backends import names, resolve
from vaidya.config import LlmConfig
from vaidya.schema import Generation, Message, WeightsUsed

JsonSchema = Mapping[str, Any]
OnText = Callable[[str], None]


class EndReply(Exception):  # noqa: N818 - a request, not an error
    """Raised by on_text: nothing more of this reply is needed. It is returned as far as it was written, ENDED."""


class LanguageModel(Protocol):
    """Messages, and a JSON schema that the reply must follow -> Generation.

    A constructor takes the `LlmConfig` alone and loads the weights, or connects on first use. A reply is revalidated by
    whoever asked: servers ignore schemas silently. Raises GenerationError; GenerationTimeoutError when `timeout_s` of
    the configuration passes. A reply cut at `max_tokens` is returned with finish_reason LENGTH, not raised.
    """

    name: str
    weights: tuple[WeightsUsed, ...]

    def __init__(self, config: LlmConfig) -> None: ...

    def generate(
        self,
        messages: Sequence[Message],
        schema: JsonSchema | None = None,
        *,
        max_tokens: int | None = None,
        on_text: OnText | None = None,
    ) -> Generation:
        """One reply. on_text is called with each piece of text as it is written, in order.

        If it raises, the reply ends and the engine serves the next request; what it raised is passed on, but for
        `EndReply`, after which the generation is returned.
        """
        ...

    def warm(self, messages: Sequence[Message]) -> None:
        """Read a fixed prefix into the prompt cache ahead of a request; a backend without a cache does nothing."""
        ...

    def close(self) -> None:
        """Give back memory, processes and connections; a second call does nothing."""
        ...


def load_language_model(config: LlmConfig) -> LanguageModel:
    """The language model that the configuration names."""
    return resolve(names("vaidya.language_models"), config.backend)(config)
