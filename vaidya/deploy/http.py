"""HTTP in, Intake out: JSON, raw audio with the vital signs in a header, or a form.

SageMaker passes one header of the client's own on, `X-Amzn-SageMaker-Custom-Attributes`; ours is `X-Vaidya-Fields`.
Either holds a JSON object with the fields of a request but for the audio.
"""

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from vaidya.config import AudioConfig
from vaidya.errors import AudioTooLargeError, ContentTypeError, IntakeError
from vaidya.registry.request import intake_of
from vaidya.schema import Intake

FIELDS_HEADERS = ("x-vaidya-fields", "x-amzn-sagemaker-custom-attributes")
AUDIO_TYPES = ("audio/", "video/webm", "video/mp4", "application/ogg", "application/octet-stream")
JSON, FORM = "application/json", "multipart/form-data"
OVERHEAD_BYTES = 1024 * 1024  # what a request may hold beside its audio
BODY_S = 60.0  # a caller that sends more slowly holds a place in the queue that others need


async def read_intake(request: Request, limits: AudioConfig) -> Intake:
    """The consultation in a request; decoding it and fetching its recording happen beside the event loop.

    Raises:
        InputError: the body, a header or a field cannot be used. ContentTypeError: nothing we read is of that type.
        AudioTooLargeError: the body is larger than any recording may be; it is not read to its end.
    """
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in (JSON, FORM) and not kind.startswith(AUDIO_TYPES):
        raise ContentTypeError(f"content type {kind!r} is not read here; send {JSON}, audio/… or {FORM}")
    bounded = _bounded(request, limits, kind)
    try:
        async with asyncio.timeout(BODY_S):
            sent = await (_form(bounded) if kind == FORM else bounded.body())
    except TimeoutError as error:
        raise IntakeError(f"the body did not arrive within {BODY_S:.0f} s") from error
    except ClientDisconnect as error:
        raise IntakeError("the caller went away before the body was complete") from error
    return await asyncio.to_thread(_intake, kind, sent, request.headers, limits)


def _intake(kind: str, sent: Any, headers: Mapping[str, str], limits: AudioConfig) -> Intake:
    if kind == FORM:
        if len(sent.get("audio", b"")) > limits.max_bytes:
            raise _too_large(limits)
        return intake_of(sent, limits)
    if kind == JSON:
        return intake_of(_object(sent, "the body"), limits)
    if len(sent) > limits.max_bytes:
        raise _too_large(limits)
    return intake_of({**header_fields(headers), "audio": sent}, limits)


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


def _bounded(request: Request, limits: AudioConfig, kind: str) -> Request:
    """The request, whose body is read no further than the limit: in JSON, base64 makes four bytes of three."""
    most = (limits.max_bytes * 4 // 3 if kind == JSON else limits.max_bytes) + OVERHEAD_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise AudioTooLargeError(f"the body has {declared} bytes; at most {most} are read. Send an s3:// address")
    left = most

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(limits)
        return message

    return Request(request.scope, receive)


def _too_large(limits: AudioConfig) -> AudioTooLargeError:
    return AudioTooLargeError(f"the audio is larger than the limit of {limits.max_bytes} bytes")


async def _form(request: Request) -> dict[str, Any]:
    """Fields of a form; `audio` is a file, the rest is text, vitals as JSON."""
    values: dict[str, Any] = {}
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            for name, value in form.items():
                values[name] = await value.read() if isinstance(value, UploadFile) else _typed(name, value)
    except (HTTPException, ValueError, LookupError, TypeError) as error:
        # The parser's own refusals, and what it trips over: a boundary or a header that makes no sense.
        raise IntakeError(
            "the form cannot be read: one file `audio`, at most 20 text fields, each under 1 MB"
        ) from error
    return values


def _typed(name: str, text: str) -> str | float | bool:
    """A form knows text only; age is a number and pregnant a truth value."""
    if name == "pregnant" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name == "age":
        try:
            number = float(text)
        except ValueError:
            return text  # refused by name where the patient is read
        return number if math.isfinite(number) else text
    return text
