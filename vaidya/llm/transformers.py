"""Hugging Face models: MedGemma 4B-it and any causal model, on CUDA, Apple's MPS or the CPU."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import GenerationConfig, PreTrainedModel
from transformers.generation import BaseStreamer

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationContextError, GenerationError
from vaidya.llm.base import JsonSchema, OnText
from vaidya.llm.constrained import Alternatives, SchemaProcessor, guide_tokenizer
from vaidya.llm.reply import ReplyStream
from vaidya.llm.thought import FENCES
from vaidya.llm.transformers_cache import FixedCache, GrowingCache, PrefixCache
from vaidya.llm.transformers_model import Loaded, load
from vaidya.schema import FinishReason, Generation, Message, WeightsUsed
from vaidya.weights import resolve

_LOG = logging.getLogger(__name__)
_MARKS = frozenset((*FENCES.keys(), *FENCES.values()))
COMPILE = "compile"  # the one option: a fixed cache, and on CUDA the step that writes a token as one compiled graph
_COMPILING_TOKENS, _COMPILING_S = 8, 600.0
_BROKEN = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer writes for a character whose bytes are not all there yet


class _Pieces(BaseStreamer):
    """Tokens, as generated, into text for a ReplyStream. Raises at the time limit, which ends the generation."""

    def __init__(self, loaded: Loaded, stream: ReplyStream) -> None:
        self._stream = stream
        self._tokenizer = loaded.tokenizer
        marks = {id_ for token, id_ in loaded.tokenizer.get_added_vocab().items() if token in _MARKS}
        self._silent = (set(loaded.tokenizer.all_special_ids) | set(loaded.ends)) - marks
        self._waiting: list[int] | None = None
        self._shown: list[int] = []

    def put(self, value: torch.Tensor) -> None:
        """The prompt first, then one token a call."""
        self._stream.check()
        if self._waiting is None:
            self._waiting = []
            return
        self._waiting += [id_ for id_ in value.flatten().tolist() if id_ not in self._silent]
        text = self._text()
        # A character has at most four bytes: more that cannot be read never will be.
        if text and (not text.endswith(_BROKEN) or len(self._waiting) > 4):
            self._emit(text)

    def end(self) -> None:
        """Whatever is left, complete or not."""
        if self._waiting:
            self._emit(self._text())

    def _text(self) -> str:
        # Decoded behind the tokens before, for some tokenizers drop the space at the beginning of a text.
        before, after = self._decoded(self._shown), self._decoded([*self._shown, *(self._waiting or [])])
        return after[len(before) :]

    def _decoded(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids))

    def _emit(self, text: str) -> None:
        self._stream.add(text)
        self._shown, self._waiting = (self._waiting or [])[-8:], []


class Transformers:
    """One model, one request at a time; safe to call from several threads, which then wait for one another."""

    name = "transformers"

    def __init__(self, config: LlmConfig) -> None:
        if config.weights is None:
            raise ConfigError("transformers needs `llm.weights`: the name of a model, or the path of its folder")
        if unknown := set(config.options) - {COMPILE}:
            raise ConfigError(
                f"`llm.options` of transformers: `{COMPILE}` is known, found {', '.join(sorted(unknown))}"
            )
        if not isinstance(config.options.get(COMPILE, False), bool):
            raise ConfigError(f"`llm.options.{COMPILE}` is true or false")
        weights = resolve(config.weights)
        adapter = resolve(config.adapter) if config.adapter else None
        self.weights: tuple[WeightsUsed, ...] = (weights.used, adapter.used) if adapter else (weights.used,)
        self._config = config
        self._compiles = bool(config.options.get(COMPILE))
        self._lock = threading.Lock()
        self._loaded: Loaded | None = load(config, weights, adapter)
        self._prefix: PrefixCache | None = self._new_cache(self._loaded)

    @property
    def torch_model(self) -> PreTrainedModel | None:
        """The model itself, for measuring it; None once closed."""
        return self._loaded.model if self._loaded else None

    def _new_cache(self, loaded: Loaded) -> PrefixCache:
        if self._config.options.get(COMPILE):
            return FixedCache(loaded.model, loaded.context)
        return GrowingCache(loaded.model)

    def generate(
        self,
        messages: Sequence[Message],
        schema: JsonSchema | None = None,
        *,
        max_tokens: int | None = None,
        on_text: OnText | None = None,
    ) -> Generation:
        """One reply.

        Raises:
            GenerationTimeoutError: the time limit passed; it is looked at after each token.
            GenerationContextError: the request and its reply do not fit into the context.
            GenerationError: the schema cannot be held, or the model failed.
        """
        stream = ReplyStream(self._config.timeout_s, on_text)
        if not self._lock.acquire(timeout=self._config.timeout_s):
            raise stream.timed_out()
        try:
            limit = max_tokens or self._config.max_tokens
            return stream.unless_ended(self.weights[0].name, lambda: self._reply(messages, schema, limit, stream))
        finally:
            self._lock.release()

    def _reply(
        self, messages: Sequence[Message], schema: JsonSchema | None, limit: int, stream: ReplyStream
    ) -> Generation:
        loaded = self._open()
        ids = self._ids(messages)
        self._fits(len(ids), limit, loaded.context)
        assert self._prefix is not None, "it is there as long as the model is"
        cache, cached = self._prefix.continued(ids)
        written = self._generate(loaded, ids, schema, limit, cache, stream)
        stopped = bool(written) and written[-1] in loaded.ends
        tokens = {"tokens_in": len(ids), "tokens_cached": cached, "tokens_out": len(written)}
        return stream.finish(self.weights[0].name, FinishReason.STOP if stopped else FinishReason.LENGTH, tokens)

    def _generate(
        self,
        loaded: Loaded,
        ids: tuple[int, ...],
        schema: JsonSchema | None,
        limit: int,
        cache: Any,
        stream: ReplyStream,
    ) -> list[int]:
        model: Any = loaded.model
        given = torch.tensor([ids], device=model.device)
        alternatives = Alternatives()
        processors = [self._processor(loaded, schema), alternatives] if schema is not None else []
        with torch.no_grad(), torch.random.fork_rng(enabled=self._config.temperature > 0):
            torch.manual_seed(self._config.seed)
            written = model.generate(
                input_ids=given,
                attention_mask=torch.ones_like(given),
                generation_config=self._settings(loaded, limit),
                logits_processor=processors,
                streamer=_Pieces(loaded, stream),
                past_key_values=cache,
            )
        reply: list[int] = written[0, len(ids) :].tolist()
        stream.weighed(alternatives.tokens(reply, lambda some: str(loaded.tokenizer.decode(some))))
        return reply

    def _settings(self, loaded: Loaded, limit: int) -> GenerationConfig:
        """Our own settings: a checkpoint's defaults (sampling, most of them) would change replies unseen."""
        sampled = self._config.temperature > 0
        return GenerationConfig(
            max_new_tokens=limit,
            do_sample=sampled,
            temperature=self._config.temperature if sampled else None,
            eos_token_id=list(loaded.ends),
            pad_token_id=loaded.tokenizer.pad_token_id or loaded.ends[0],
            disable_compile=not self._compiles,
        )

    @staticmethod
    def _processor(loaded: Loaded, schema: JsonSchema) -> SchemaProcessor:
        return SchemaProcessor(schema, guide_tokenizer(loaded.tokenizer, loaded.vocabulary, loaded.ends))

    def _ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        tokenizer = self._open().tokenizer
        turns = [message.model_dump() for message in messages]
        try:
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        except TemplateError:
            # Gemma 2 and some others know no system turn.
            turns = _without_system(turns)
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return tuple(tokenizer(text, add_special_tokens=False).input_ids)

    @staticmethod
    def _fits(tokens: int, limit: int, context: int) -> None:
        if tokens + limit > context:
            raise GenerationContextError(
                f"the request has {tokens} tokens and asks for {limit} more, and the context holds {context}; raise "
                "`llm.context_tokens` if the model allows, or shorten the recording"
            )

    def warm(self, messages: Sequence[Message]) -> None:
        """Read a fixed prefix once; requests that begin with it start from there."""
        with self._lock:
            loaded = self._open()
            first, second = (self._ids([*messages, Message(role="user", content=text)]) for text in ("A", "B"))
            shared = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))
            if len(first) + _COMPILING_TOKENS > loaded.context:
                return  # no request that begins so will fit either, and each is told
            assert self._prefix is not None, "it is there as long as the model is"
            self._prefix.read(first[:shared])
            guide_tokenizer(loaded.tokenizer, loaded.vocabulary, loaded.ends)
            if self._compiles and loaded.model.device.type == "cuda":
                self._compile(loaded, first, self._prefix)

    def _compile(self, loaded: Loaded, ids: tuple[int, ...], prefix: PrefixCache) -> None:
        """Write a few tokens, so that torch compiles now and no patient waits for it.

        Once behind the prefix, and once where a sliding window fills up: from there on the step is another one.
        """
        window = getattr(loaded.model.config.get_text_config(), "sliding_window", None) or 0
        longer = (ids * (window // len(ids) + 1))[: window - _COMPILING_TOKENS // 2]
        for request in (ids, longer) if len(ids) < window < loaded.context - _COMPILING_TOKENS else (ids,):
            cache, _ = prefix.continued(request)
            try:
                self._generate(loaded, request, None, _COMPILING_TOKENS, cache, ReplyStream(_COMPILING_S, None))
            except torch._dynamo.exc.TorchDynamoException as error:
                # A slow note is better than none; the same weights write the same text.
                self._compiles = False
                _LOG.warning(
                    "torch cannot compile this model here (%s): replies are several times slower; needed a C compiler "
                    "and Triton, or set `llm.options: {%s: false}`",
                    type(error).__name__,
                    COMPILE,
                )
                return

    def _open(self) -> Loaded:
        if self._loaded is None:
            raise GenerationError("the language model was closed; load the pipeline again")
        return self._loaded

    def close(self) -> None:
        """Free the model and its memory on the device."""
        with self._lock:
            self._loaded = self._prefix = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The system turn's text put before the first user turn's."""
    system, rest = turns[0], turns[1:]
    if system["role"] != "system" or not rest:
        return turns
    return [{**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}"}, *rest[1:]]
