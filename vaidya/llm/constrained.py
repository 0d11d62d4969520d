"""A schema held while transformers generates: llguidance says, token by token, what may come next."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers import LogitsProcessor, PreTrainedTokenizerFast

from vaidya.errors import GenerationError
from vaidya.llm.base import JsonSchema
from vaidya.llm.json_schema import compact
from vaidya.llm.reply import ALTERNATIVES, OPENING_TOKENS
from vaidya.schema import Token


@lru_cache(maxsize=4)
def guide_tokenizer(tokenizer: PreTrainedTokenizerFast, vocabulary: int, ends: tuple[int, ...]) -> LLTokenizer:
    """The tokenizer as llguidance reads it; made once, for it takes about a second with a large vocabulary.

    vocabulary: number of logits or of tokens, whichever is greater. ends: every token that ends a reply.
    """
    return from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=list(ends))


class SchemaProcessor(LogitsProcessor):
    """Sets the logits of tokens that the schema does not allow to minus infinity. For one reply, batch size one.

    The grammar begins with the first generated token, so a model has no room for a thought or a code fence.
    """

    def __init__(self, schema: JsonSchema, tokenizer: LLTokenizer) -> None:
        self._tokenizer = tokenizer
        text = LLMatcher.grammar_from_json_schema(json.dumps(compact(schema)))
        self._matcher = LLMatcher(tokenizer, text, log_level=0)
        self._mask = allocate_token_bitmask(1, tokenizer.vocab_size)
        self._seen: int | None = None
        self._raise_on_error()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> Any:
        """input_ids: shape (1, tokens so far). scores: shape (1, vocabulary), changed in place."""
        length = input_ids.shape[1]
        if self._seen is not None:
            self._matcher.consume_tokens(input_ids[0, self._seen :].tolist())
            self._raise_on_error()
        self._seen = length
        fill_next_token_bitmask(self._matcher, self._mask)
        allowed = torch.from_numpy(self._unpacked(scores.shape[1])).to(scores.device)
        return scores.masked_fill_(~allowed, float("-inf"))

    def _unpacked(self, width: int) -> Any:
        """The bit mask as booleans, shape (1, width)."""
        import numpy as np

        bits = np.unpackbits(self._mask.view(np.uint8), bitorder="little", axis=1)[:, :width].astype(bool)
        return np.pad(bits, ((0, 0), (0, width - bits.shape[1])))

    def _raise_on_error(self) -> None:
        if self._matcher.is_error():
            raise GenerationError("the JSON schema cannot be held by llguidance with this tokenizer")


class Alternatives(LogitsProcessor):
    """Keeps the likeliest tokens at each of a reply's first places, as it finds them: after the schema's mask.

    Stands last among the processors, at which sampling's temperature has not been applied yet. For batch size one.
    """

    def __init__(self) -> None:
        self.seen: list[dict[int, float]] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> Any:  # noqa: ARG002 - transformers'
        """scores: shape (1, vocabulary), unchanged."""
        if len(self.seen) < OPENING_TOKENS:
            best = scores[0].float().log_softmax(-1).topk(ALTERNATIVES)
            pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
            self.seen.append({id_: min(p, 0.0) for id_, p in pairs if math.isfinite(p)})
        return scores

    def tokens(self, written: Sequence[int], decoded: Callable[[list[int]], str]) -> Iterator[Token]:
        """The first tokens of a reply as text. written: ids of the whole reply."""
        for id_, listed in zip(written, self.seen, strict=False):
            yield Token(text=decoded([id_]), alternatives={decoded([other]): p for other, p in listed.items()})
