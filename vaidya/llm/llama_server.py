"""llama.cpp's own server inside this process: started quietly, and stopped for certain.

The library always opens its HTTP interface too. It is bound to loopback, on a free port, behind a key that only this
process knows, and is used here only for what the in-process calls do not offer (templates, saved slots).
"""

import ctypes
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.config import LlmConfig
from vaidya.errors import ConfigError, GenerationError, WeightsError

SILENT = -1  # below llama.cpp's lowest log level: not a byte on stdout or stderr
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_FLASH_ATTENTION = {
    "auto": "LLAMA_FLASH_ATTN_TYPE_AUTO",
    "on": "LLAMA_FLASH_ATTN_TYPE_ENABLED",
    "off": "LLAMA_FLASH_ATTN_TYPE_DISABLED",
}
_SIGACTION_BYTES = 512  # more than any platform's `struct sigaction`; it is only copied out and in


class LlamaOptions(BaseModel):
    """`llm.options` of this backend.

    speculative: draft tokens found in the prompt ("ngram-…", llama.cpp's names) are checked in one pass: where the last
    `lookup_match` tokens stood before, the `lookup_draft` tokens that followed there are tried.
    batch_tokens: prompt tokens read between two looks at the time limit. repack: weights are laid out anew for this
    CPU's vector units, which costs a copy of them. save_prefix: what `warm` read is kept on disk for the next process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speculative: Literal["none", "ngram-simple", "ngram-map-k", "ngram-map-k4v", "ngram-mod", "ngram-cache"] = "none"
    lookup_match: int = Field(default=2, ge=1, le=64)
    lookup_draft: int = Field(default=3, ge=1, le=64)
    batch_tokens: int = Field(default=512, ge=32, le=4096)
    flash_attention: Literal["auto", "on", "off"] = "auto"
    repack: bool = True
    save_prefix: bool = True


def read_options(config: LlmConfig) -> LlamaOptions:
    """The options, checked.

    Raises:
        ConfigError: one is unknown or out of range.
    """
    try:
        return LlamaOptions.model_validate(config.options)
    except ValidationError as error:
        known = ", ".join(LlamaOptions.model_fields)
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"`llm.options` of llama-cpp: {problems}; there are {known}") from error


def usable_cores() -> int:
    """Physical cores that this process may run on: decoding is bound by memory, and twins of a core share its port."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


class LlamaServer:
    """A running server with one model.

    Raises:
        WeightsError: llama.cpp cannot load the file, or there is not enough memory for it.
    """

    def __init__(self, model: Path, adapter: Path | None, config: LlmConfig, slot_folder: Path | None = None) -> None:
        import xllamacpp

        self._key = secrets.token_urlsafe(16)
        params = _params(model, adapter, config, read_options(config))
        params.api_keys = [self._key]
        if slot_folder is not None:
            params.slot_save_path = f"{slot_folder}{os.sep}"
        with _python_signals():
            try:
                self._native = xllamacpp.Server(params)
            except RuntimeError as error:
                raise WeightsError(
                    f"llama.cpp cannot load {model.name}: not a GGUF file that it knows, not enough memory, or an "
                    "adapter made for another model"
                ) from error
        # A server destroyed before its loop has begun never ends; an answer from the loop proves that it runs.
        self._native.handle_metrics()
        self._http = httpx.Client(
            base_url=self._native.listening_address,
            headers={"Authorization": f"Bearer {self._key}"},
            trust_env=False,
            timeout=60.0,
        )

    @property
    def address(self) -> tuple[str, str]:
        """The server's URL on loopback, and its key."""
        return self._native.listening_address, self._key

    def chat(self, request: dict[str, Any], on_chunk: Any) -> None:
        """A streamed chat completion. on_chunk gets each chunk as a dict and stops the request by returning True.

        An exception in on_chunk would be lost in native code; it stops the request and is raised here.

        Raises:
            GenerationError: llama.cpp refuses the request.
        """
        raised: list[BaseException] = []

        def guarded(chunk: Any) -> bool:
            try:
                return bool(on_chunk(chunk))
            except BaseException as error:
                raised.append(error)
                return True

        try:
            self._native.handle_chat_completions({**request, "stream": True}, guarded)
        except (ValueError, RuntimeError) as error:
            # The message may quote the request, so it is not passed on.
            raise GenerationError(f"llama.cpp refused the request ({type(error).__name__})") from None
        if raised:
            raise raised[0]

    def read_prompt(self, prompt: str) -> None:
        """Read a prompt into the cache without writing anything."""
        self._native.handle_completions({"prompt": prompt, "max_tokens": 0, "cache_prompt": True})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One of the server's other routes.

        Raises:
            GenerationError: it answered with an error.
        """
        reply = self._http.post(path, json=body)
        if reply.status_code != httpx.codes.OK:
            raise GenerationError(f"llama.cpp answered {reply.status_code} on {path.split('?', maxsplit=1)[0]}")
        return reply.json()

    def close(self) -> None:
        """Stop the server and free the model."""
        self._http.close()
        del self._native


def _params(model: Path, adapter: Path | None, config: LlmConfig, options: LlamaOptions) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(model), {model.name}  # else clients are told the path
    params.verbosity = SILENT
    params.hostnames, params.port, params.ui = ["127.0.0.1"], 0, False
    params.endpoint_metrics = True
    params.n_parallel = 1
    params.n_ctx = config.context_tokens
    params.n_batch = params.n_ubatch = options.batch_tokens
    params.n_gpu_layers = config.gpu_layers
    params.fit_params = False  # sizes are what the profile says, so that a record repeats
    params.cache_ram_mib = 0  # otherwise up to 8 GiB of earlier patients' prompts are kept in memory
    params.no_extra_bufts = not options.repack
    threads = config.threads or usable_cores()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    cache = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{config.cache_type.upper()}")
    params.cache_type_k = params.cache_type_v = cache
    params.flash_attn_type = getattr(xllamacpp.llama_flash_attn_type, _FLASH_ATTENTION[options.flash_attention])
    if options.speculative != "none":
        _look_up(params.speculative, options)
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    return params


def _look_up(speculative: Any, options: LlamaOptions) -> None:
    import xllamacpp

    kind = options.speculative.replace("-", "_")
    speculative.types = [getattr(xllamacpp.common_speculative_type, f"COMMON_SPECULATIVE_TYPE_{kind.upper()}")]
    if kind == "ngram_mod":
        chosen = speculative.ngram_mod
        chosen.n_match, chosen.n_min, chosen.n_max = options.lookup_match, 1, options.lookup_draft
    elif kind != "ngram_cache":
        chosen = getattr(speculative, kind)
        chosen.size_n, chosen.size_m = options.lookup_match, options.lookup_draft


@contextmanager
def _python_signals() -> Iterator[None]:
    """Keep this process's handlers of SIGINT and SIGTERM: the server's start would replace them with its own."""
    if sys.platform == "win32":
        yield
        return
    libc = ctypes.CDLL(None)
    kept = {number: ctypes.create_string_buffer(_SIGACTION_BYTES) for number in _SIGNALS}
    for number, action in kept.items():
        libc.sigaction(int(number), None, action)
    try:
        yield
    finally:
        for number, action in kept.items():
            libc.sigaction(int(number), action, None)
