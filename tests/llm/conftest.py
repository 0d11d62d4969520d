"""The tiny model, a cache of this test session's own, and a request that every backend gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.tiny import write_tiny_gguf
from vaidya.llm.base import EndReply, LanguageModel
from vaidya.schema import FinishReason, Message
from vaidya.settings import settings

SCHEMA = {
    "type": "object",
    "properties": {
        "tier": {"enum": ["EMERGENCY", "URGENT", "ROUTINE"]},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 6}, "maxItems": 2},
    },
    "required": ["tier", "words"],
    "additionalProperties": False,
}
PREFIX = (Message(role="system", content="you write notes " * 8),)


def ask(text: str) -> tuple[Message, ...]:
    """A request after the fixed prefix."""
    return (*PREFIX, Message(role="user", content=text))


def ends_at_its_listeners_wish(model: LanguageModel) -> None:
    """A reply that its listener ends is returned as far as it was heard, and the next request is served."""
    heard = []

    def enough(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 3:
            raise EndReply

    reply = model.generate(ask("hello"), on_text=enough)
    assert (reply.finish_reason, reply.text) == (FinishReason.ENDED, "".join(heard))
    assert reply.tokens_out >= 3
    assert reply.model
    assert model.generate(ask("hello"), max_tokens=2).tokens_out == 2


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Gemma 3 in GGUF form."""
    pytest.importorskip("gguf", reason="gguf is not installed: pip install 'vaidya[transformers]'")
    return write_tiny_gguf(tmp_path_factory.mktemp("tiny") / "tiny-gemma3.gguf")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Nothing that a test saves reaches the user's cache."""
    monkeypatch.setenv("VAIDYA_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    yield tmp_path / "cache"
    settings.cache_clear()
