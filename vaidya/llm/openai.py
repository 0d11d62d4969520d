"""Any server with an OpenAI-compatible chat endpoint: Ollama, vLLM, llama-server, TGI, or OpenAI itself."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlparse

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationContextError, GenerationError, GenerationUnavailableError
from vaidya.llm.base import JsonSchema, OnText
from vaidya.llm.chat import ChatReply, SchemaStyle, chat_body, parsed, refused
from vaidya.llm.reply import ALTERNATIVES, ReplyStream
from vaidya.schema import Generation, Message, WeightsUsed
from vaidya.settings import settings

CONNECT_S = 5.0
BACKOFF_S = 0.5  # before the second try; doubled for each further one, unless the server names a time
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
_REFUSES_A_FIELD = (400, 422, 501)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServerOptions(BaseModel):
    """`llm.options` of this backend. tries: requests made before the server counts as unavailable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_style: SchemaStyle = "json_schema"
    tries: int = Field(default=4, ge=1, le=10)


class _BusyError(Exception):
    """The server may answer a later try. after_s: when it says so itself."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


class OpenAICompatible:
    """One server. A key, when it wants one, is `VAIDYA_API_KEY`; it is sent nowhere but to `llm.base_url`.

    A server that refuses the alternatives of its tokens, the schema or the usage report is asked without them from then
    on: whoever asked checks the reply in any case.
    """

    name = "openai"

    def __init__(self, config: LlmConfig, *, key: str | None = None) -> None:
        if not config.base_url:
            raise ConfigError("openai needs `llm.base_url`, for example http://127.0.0.1:11434/v1")
        try:
            self._options = ServerOptions.model_validate(config.options)
        except ValidationError as error:
            known = ", ".join(ServerOptions.model_fields)
            raise ConfigError(
                f"`llm.options` of openai: {error.error_count()} problem(s); there are {known}"
            ) from error
        self.weights: tuple[WeightsUsed, ...] = ()
        self._config = config
        self._model = config.model
        self._style = self._options.schema_style
        self._usage_asked = self._alternatives_asked = True
        key = key or settings().api_key
        # Behind a proxy, a server on this machine would be looked for on the proxy's.
        self._http = httpx.Client(
            base_url=config.base_url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            trust_env=urlparse(config.base_url).hostname not in _LOOPBACK,
        )

    def generate(
        self,
        messages: Sequence[Message],
        schema: JsonSchema | None = None,
        *,
        max_tokens: int | None = None,
        on_text: OnText | None = None,
    ) -> Generation:
        """One reply, streamed.

        Raises:
            GenerationTimeoutError: the time limit passed; the connection is closed, which stops the server's work.
            GenerationUnavailableError: no server, no such model, a refused key, or an overload that lasts.
            GenerationContextError: the request is longer than the server's context.
            GenerationError: the server refused it, or broke off.
        """
        stream = ReplyStream(self._config.timeout_s, on_text)
        limit = max_tokens or self._config.max_tokens
        for attempt in range(self._options.tries):
            try:
                return self._ask(messages, schema, limit, stream)
            except _BusyError as busy:
                self._pause(attempt, busy, stream)
        raise GenerationUnavailableError(
            f"the server at {self._host} did not serve the request in {self._options.tries} tries"
        )

    @property
    def _host(self) -> str:
        return self._http.base_url.netloc.decode()

    def _pause(self, attempt: int, busy: _BusyError, stream: ReplyStream) -> None:
        if attempt + 1 == self._options.tries:
            return
        wait_s = busy.after_s if busy.after_s is not None else BACKOFF_S * 2**attempt
        if wait_s >= stream.remaining_s:
            raise GenerationUnavailableError(f"the server at {self._host} is {busy}, past the time limit") from busy
        time.sleep(wait_s)

    def _ask(
        self, messages: Sequence[Message], schema: JsonSchema | None, limit: int, stream: ReplyStream
    ) -> Generation:
        """One try, with fewer wishes each time that the server refuses one."""
        while True:
            body = chat_body(messages, schema, self._config, max_tokens=limit, style=self._style)
            body |= {"model": self._served_model(stream), "stream": True}
            if self._usage_asked:
                body["stream_options"] = {"include_usage": True}
            if self._alternatives_asked and schema is not None:
                body |= {"logprobs": True, "top_logprobs": ALTERNATIVES}
            with self._sent("POST", "chat/completions", stream, body) as response:
                if response.status_code == httpx.codes.OK:
                    return self._read(response, stream, limit)
                response.read()
                self._refusal(response, asked_schema=schema is not None)

    def _served_model(self, stream: ReplyStream) -> str:
        """The configured model, or the only one that the server has."""
        if self._model is None:
            with self._sent("GET", "models", stream) as response:
                served = parsed(response.read()).get("data", []) if response.is_success else []
            if len(served) != 1:
                raise ConfigError(f"the server at {self._host} has {len(served)} models; name one as `llm.model`")
            self._model = str(served[0]["id"])
        return self._model

    @contextmanager
    def _sent(self, method: str, path: str, stream: ReplyStream, body: Any = None) -> Iterator[httpx.Response]:
        stream.check()
        limits = httpx.Timeout(max(stream.remaining_s, 0.001), connect=min(CONNECT_S, stream.remaining_s))
        try:
            with self._http.stream(method, path, json=body, timeout=limits) as response:
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _BusyError("not to be reached") from error
        except httpx.TransportError as error:
            stream.check()
            if isinstance(error, httpx.ReadTimeout):
                raise stream.timed_out() from error
            if stream.started:
                raise GenerationError(f"the server at {self._host} broke off in the middle of its reply") from error
            raise _BusyError("closing connections") from error

    def _read(self, response: httpx.Response, stream: ReplyStream, limit: int) -> Generation:
        name = self._model or ""
        return stream.unless_ended(name, lambda: _whole(response, ChatReply(stream, name, limit), stream))

    def _refusal(self, response: httpx.Response, *, asked_schema: bool) -> None:
        """Give up one wish and return, so that the request is made again; or raise."""
        status = response.status_code
        if status in _AGAIN:
            raise _BusyError(f"answering {status}", _retry_after(response))
        if status in (401, 403):
            raise GenerationUnavailableError(f"the server at {self._host} refuses the key; set VAIDYA_API_KEY")
        if status == httpx.codes.NOT_FOUND:
            raise GenerationUnavailableError(
                f"the server at {self._host} has no chat endpoint under this base_url, or no model {self._model!r}"
            )
        error = _error(response)
        wish = status in _REFUSES_A_FIELD and not isinstance(error, GenerationContextError)
        if not (wish and self._give_up_a_wish(asked_schema)):
            raise error

    def _give_up_a_wish(self, asked_schema: bool) -> bool:
        if asked_schema and self._alternatives_asked:  # the least needed first
            self._alternatives_asked = False
            return True
        if asked_schema and self._style != "none":
            self._style = "none"
            return True
        if self._usage_asked:
            self._usage_asked = False
            return True
        return False

    def warm(self, messages: Sequence[Message]) -> None:
        """Have the server read the prefix by asking for one token; servers with a prefix cache keep it."""
        self.generate(messages, max_tokens=1)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _whole(response: httpx.Response, reply: ChatReply, stream: ReplyStream) -> Generation:
    with _stopped_at(stream.remaining_s, response):
        if "event-stream" in response.headers.get("content-type", ""):
            for line in response.iter_lines():
                reply.line(line)
                if reply.done:
                    break
        else:
            reply.whole(response.read())
    stream.check()
    return reply.generation()


def _error(response: httpx.Response) -> GenerationError:
    try:
        return refused(parsed(response.content), response.status_code)
    except GenerationError:
        return GenerationError(f"the server refused the request with {response.status_code}")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks for; a date, which servers of models do not send, is ignored."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


@contextmanager
def _stopped_at(seconds: float, response: httpx.Response) -> Iterator[None]:
    """Break the connection after so many seconds, even while it is waited on: a read timeout begins anew each time."""
    connection = response.extensions["network_stream"].get_extra_info("socket")

    def stop() -> None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # already closed, which is all that is wanted

    timer = threading.Timer(max(seconds, 0.0), stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
