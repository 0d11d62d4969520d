"""HTTP in, Intake out: JSON, raw audio with the vital signs in a header, or a form.

SageMaker passes one header of the client's own on, `X-Amzn-SageMaker-Custom-Attributes`; ours is `X-Vaidya-Fields`.
Either holds a JSON object with the fields of a request but for the audio.
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from vaidya.config import AudioConfig
from vaidya.errors import AudioTooLargeError, ContentTypeError, IntakeError
from vaidya.registry.request import intake_of
from vaidya.schema import Intake

FIELDS_HEADERS = ("x-vaidya-fields", "x-amzn-sagemaker-custom-attributes")
AUDIO_TYPES = ("audio/", "video/webm", "video/mp4", "application/ogg", "application/octet-stream")
JSON, FORM = "application/json", "multipart/form-data"
OVERHEAD_BYTES = 1024 * 1024  # what a request may hold beside its audio


async def read_intake(request: Request, limits: AudioConfig) -> Intake:
    """The consultation in a request.

    Raises:
        InputError: the body, a header or a field cannot be used. ContentTypeError: nothing we read is of that type.
        AudioTooLargeError: the body is larger than any recording may be; it is not read to its end.
    """
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind == FORM:
        return intake_of(await _form(request, limits), limits)
    body = await _body(request, limits)
    if kind == JSON:
        return intake_of(_object(body, "the body"), limits)
    if kind.startswith(AUDIO_TYPES):
        return intake_of({**header_fields(request.headers), "audio": body}, limits)
    raise ContentTypeError(f"content type {kind!r} is not read here; send {JSON}, audio/… or {FORM}")


def header_fields(headers: Mapping[str, str]) -> dict[str, Any]:
    """The fields that a header carries; empty without one.

    Raises:
        IntakeError: the header is not a JSON object.
    """
    for name in FIELDS_HEADERS:
        if name in headers:
            return _object(headers[name].encode("latin-1"), f"header {name}")
    return {}


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        values = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise IntakeError(f"{what} is not JSON") from error
    if not isinstance(values, dict):
        raise IntakeError(f"{what} is a JSON {type(values).__name__}; needed an object with named fields")
    return values


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


async def _body(request: Request, limits: AudioConfig) -> bytes:
    """The whole body, read no further than the limit: base64 makes four bytes of three."""
    most = limits.max_bytes * 4 // 3 + OVERHEAD_BYTES
    _refuse_declared(request, most)
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(limits)
        parts.append(chunk)
    return b"".join(parts)


def _refuse_declared(request: Request, most: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise AudioTooLargeError(f"the body has {declared} bytes; at most {most} are read. Send an s3:// address")


def _too_large(limits: AudioConfig) -> AudioTooLargeError:
    return AudioTooLargeError(f"the body is larger than the limit of {limits.max_bytes} bytes of audio")


async def _form(request: Request, limits: AudioConfig) -> dict[str, Any]:
    """Fields of a form; `audio` is a file, the rest is text, vitals as JSON."""
    _refuse_declared(request, limits.max_bytes + OVERHEAD_BYTES)
    values: dict[str, Any] = {}
    async with request.form(max_files=1, max_fields=20) as form:
        for name, value in form.items():
            values[name] = await value.read() if isinstance(value, UploadFile) else _typed(name, value)
    if len(values.get("audio", b"")) > limits.max_bytes:
        raise _too_large(limits)
    return values


def _typed(name: str, text: str) -> str | float | bool:
    """A form knows text only; age is a number and pregnant a truth value."""
    if name == "pregnant" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name == "age":
        try:
            return float(text)
        except ValueError:
            return text  # refused by name where the patient is read
    return text
