"""The chat-completion wire that OpenAI began and vLLM, llama-server, Ollama, TGI and SageMaker's containers speak.

A request is one JSON body; a reply is one JSON body or a stream of server-sent events. What each server does
differently is handled here, and only here.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal

from vaidya.config import LlmConfig
from vaidya.errors import GenerationContextError, GenerationError
from vaidya.llm.base import JsonSchema
from vaidya.llm.json_schema import inlined
from vaidya.llm.reply import ReplyStream, finish_reason, tokens_of
from vaidya.schema import Generation, Message

# How a server is told the schema. json_schema: OpenAI, vLLM, Ollama, llama-server, TGI 3. json_value: TGI 2.
# guided_json: vLLM before 0.10. none: the schema stays with the caller, who checks every reply anyway.
SchemaStyle = Literal["json_schema", "json_value", "guided_json", "none"]
CHARACTERS_A_TOKEN = 64  # more than any tokenizer's longest common token; past it a server ignores `max_tokens`
_CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error")


def chat_body(
    messages: Sequence[Message],
    schema: JsonSchema | None,
    config: LlmConfig,
    *,
    max_tokens: int | None = None,
    style: SchemaStyle = "json_schema",
) -> dict[str, Any]:
    """A request for one reply, without the model's name and without streaming."""
    body: dict[str, Any] = {
        "messages": [message.model_dump() for message in messages],
        "max_tokens": max_tokens or config.max_tokens,
        "temperature": config.temperature,
        "seed": config.seed,
    }
    return body if schema is None else {**body, **_schema_fields(inlined(schema), style)}


def _schema_fields(schema: dict[str, Any], style: SchemaStyle) -> dict[str, Any]:
    if style == "json_schema":
        form = {"name": "reply", "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    if style == "json_value":
        return {"response_format": {"type": "json_object", "value": schema}}
    return {"guided_json": schema} if style == "guided_json" else {}


class ChatReply:
    """Puts a reply together from server-sent events, or from one whole body.

    A server that never stops is stopped here: `max_tokens` bounds the characters that are taken.
    """

    def __init__(self, stream: ReplyStream, model: str, max_tokens: int) -> None:
        self._stream = stream
        self._model = model
        self._left = max_tokens * CHARACTERS_A_TOKEN
        self._reason: str | None = None
        self._usage: dict[str, Any] = {}
        self.done = False

    def line(self, line: str) -> None:
        """One line of an event stream; comments, event names and empty lines say nothing.

        Raises:
            GenerationError: it carries an error, or is not JSON.
            GenerationTimeoutError: the time limit has passed.
        """
        self._stream.check()
        field, _, value = line.partition(":")
        value = value.strip()
        if field not in ("data", "error") or not value:
            return
        if value == "[DONE]":
            self.done = True
            return
        chunk = parsed(value)
        if field == "error" or "error" in chunk:
            raise refused(chunk, None)
        self._take(chunk, "delta")

    def whole(self, body: str | bytes) -> None:
        """A reply that came in one piece, from a server that does not stream.

        Raises:
            GenerationError: it is no chat completion.
        """
        found = parsed(body)
        if "error" in found:
            raise refused(found, None)
        self._take(found, "message")
        self.done = True

    def _take(self, chunk: dict[str, Any], part: str) -> None:
        self._model = chunk.get("model") or self._model
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices") or ():
            text = (choice.get(part) or {}).get("content") or ""
            self._left -= len(text)
            if self._left < 0:
                raise GenerationError("the server ignores `max_tokens`: its reply was stopped and is not used")
            self._stream.add(text)
            self._stream.weighed(tokens_of(choice.get("logprobs")))
            self._reason = choice.get("finish_reason") or self._reason

    def generation(self) -> Generation:
        """The whole reply.

        Raises:
            GenerationError: the connection ended before the reply did.
        """
        reason = finish_reason(self._reason)
        details = self._usage.get("prompt_tokens_details") or {}
        tokens = {
            "tokens_in": self._usage.get("prompt_tokens"),
            "tokens_cached": details.get("cached_tokens"),
            "tokens_out": self._usage.get("completion_tokens"),
        }
        return self._stream.finish(self._model, reason, tokens)


def parsed(text: str | bytes) -> dict[str, Any]:
    """A JSON object from a server.

    Raises:
        GenerationError: it is none.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise GenerationError(f"the server's answer is not JSON ({len(text)} bytes); is it a chat server?") from error
    if not isinstance(found, dict):
        raise GenerationError(f"the server's answer is a JSON {type(found).__name__}; a chat completion is an object")
    return found


def refused(body: dict[str, Any], status: int | None) -> GenerationError:
    """A server's error body as ours. Its message may quote the request; its type and code do not."""
    error = body.get("error")
    fields: dict[str, Any] = error if isinstance(error, dict) else body
    kinds = [str(fields[key]) for key in ("type", "code", "error_type") if isinstance(fields.get(key), str | int)]
    # vLLM and Ollama say it only in words.
    words = str(fields.get("message", error or "")).lower()
    if any(code in kinds for code in _CONTEXT_CODES) or "context length" in words or "context size" in words:
        return GenerationContextError(
            "the request is longer than the server's context; start the server with a longer one, or shorten the "
            "recording"
        )
    shown = ", ".join(kind for kind in kinds if kind.replace("_", "").isalnum()) or "no error type given"
    return GenerationError(f"the server refused the request{f' with {status}' if status else ''}: {shown}")
