"""GGUF models by llama.cpp, in this process: the embedded default."""

import threading
from collections.abc import Sequence
from typing import Any

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationContextError, GenerationError
from vaidya.llm.base import JsonSchema, OnText
from vaidya.llm.json_schema import grammar
from vaidya.llm.llama_prefix import PrefixStore, rendered_prefix
from vaidya.llm.llama_server import LlamaServer, read_options
from vaidya.llm.reply import ALTERNATIVES, ReplyStream, finish_reason, tokens_of
from vaidya.schema import Generation, Message, WeightsUsed
from vaidya.weights import resolve


class LlamaCpp:
    """One model, one request at a time; safe to call from several threads, which then wait for one another.

    The prompt's beginning that it shares with the request before is not read again. The adapter, if any, is a LoRA in
    GGUF form, named as weights are.
    """

    name = "llama-cpp"

    def __init__(self, config: LlmConfig) -> None:
        if config.weights is None:
            raise ConfigError("llama-cpp needs `llm.weights`: the name of a GGUF model, or the path of one")
        model = resolve(config.weights)
        adapter = resolve(config.adapter) if config.adapter else None
        self.weights: tuple[WeightsUsed, ...] = (model.used, adapter.used) if adapter else (model.used,)
        self._config = config
        self._lock = threading.Lock()
        keeps = read_options(config).save_prefix
        self._store = PrefixStore.of(config, self.weights) if keeps else None
        self._server: LlamaServer | None = LlamaServer(
            model.file(".gguf"),
            adapter.file(".gguf") if adapter else None,
            config,
            self._store.folder if self._store else None,
        )

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
            GenerationTimeoutError: the time limit passed; it is looked at after each prompt batch and each token.
            GenerationContextError: the request is longer than the context.
            GenerationError: llama.cpp refused the request or did not finish the reply.
        """
        stream = ReplyStream(self._config.timeout_s, on_text)
        request = self._request(messages, schema, max_tokens)
        if not self._lock.acquire(timeout=self._config.timeout_s):
            raise stream.timed_out()
        try:
            return stream.unless_ended(self.weights[0].name, lambda: self._collect(request, stream))
        finally:
            self._lock.release()

    def _request(
        self, messages: Sequence[Message], schema: JsonSchema | None, max_tokens: int | None
    ) -> dict[str, Any]:
        request = {
            "messages": [message.model_dump() for message in messages],
            "max_tokens": max_tokens or self._config.max_tokens,
            "temperature": self._config.temperature,
            "seed": self._config.seed,
            "cache_prompt": True,
            "return_progress": True,  # a chunk after each batch of the prompt, so that a long one can be stopped
            "stream_options": {"include_usage": True},
        }
        if schema is None:
            return request
        # The server's own `response_format` allows white space between the parts; the grammar does not.
        # Log-probabilities are those before the grammar's mask: at temperature 0 the masked ones are 1 for the token
        # taken. They cost 1 ms a token (vocabulary of 152,000), 0.8 % of the half-billion model's on one core.
        return {**request, "grammar": grammar(schema), "logprobs": True, "top_logprobs": ALTERNATIVES}

    def _collect(self, request: dict[str, Any], stream: ReplyStream) -> Generation:
        ended: dict[str, Any] = {}

        def on_chunk(chunk: dict[str, Any]) -> None:
            stream.check()
            if "error" in chunk:
                raise _refusal(chunk["error"])
            for choice in chunk.get("choices", ()):
                stream.add(choice["delta"].get("content") or "")
                stream.weighed(tokens_of(choice.get("logprobs")))
                ended["reason"] = choice["finish_reason"] or ended.get("reason")
            if "usage" in chunk:
                ended["usage"] = chunk["usage"]

        self._running().chat(request, on_chunk)
        reason = finish_reason(ended.get("reason"))
        return stream.finish(self.weights[0].name, reason, _tokens(ended.get("usage", {})))

    def warm(self, messages: Sequence[Message]) -> None:
        """Bring a fixed prefix into the cache: from the disk when an earlier process read it, else by reading it."""
        with self._lock:
            server = self._running()
            prompt = rendered_prefix(server, messages)
            if self._store is None:
                server.read_prompt(prompt)
            elif not self._store.restore(server, prompt):
                server.read_prompt(prompt)
                self._store.save(server, prompt)

    def address(self) -> tuple[str, str]:
        """Where this model can also be asked over HTTP, from this machine alone, and the key that it wants."""
        return self._running().address

    def _running(self) -> LlamaServer:
        if self._server is None:
            raise GenerationError("the language model was closed; load the pipeline again")
        return self._server

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._server = None


def _refusal(error: dict[str, Any]) -> GenerationError:
    """llama.cpp's error as ours. Its message may quote the request; its type and numbers do not."""
    if error.get("type") == "exceed_context_size_error":
        return GenerationContextError(
            f"the request has {error.get('n_prompt_tokens')} tokens and the context holds {error.get('n_ctx')}; raise "
            "`llm.context_tokens`, or shorten the recording"
        )
    return GenerationError(f"llama.cpp refused the request: {error.get('type', 'unknown error')} ({error.get('code')})")


def _tokens(usage: dict[str, Any]) -> dict[str, int | None]:
    return {
        "tokens_in": usage.get("prompt_tokens"),
        "tokens_cached": usage.get("prompt_tokens_details", {}).get("cached_tokens"),
        "tokens_out": usage.get("completion_tokens"),
    }
