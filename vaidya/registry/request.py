"""One consultation as it arrives over a wire -> Intake: the columns of the model's signature, one name for each field.

audio: base64, or an address: s3://bucket/key, or file:///path below a folder that the caller names.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from vaidya import backends
from vaidya.config import AudioConfig
from vaidya.errors import AudioNotFoundError, AudioTooLargeError, IntakeError, LanguageError, VitalsError
from vaidya.record.assemble import make_intake
from vaidya.schema import Intake

CONNECT_S, READ_S, ATTEMPTS = 5.0, 15.0, 2  # of a recording in S3
PATIENT_FIELDS = ("age", "sex", "pregnant")
FIELDS = ("audio", "vitals", *PATIENT_FIELDS, "language", "complaint")


def intake_of(values: Mapping[str, Any], limits: AudioConfig, *, local_root: Path | None = None) -> Intake:
    """An intake from plain values; a value that is None, NaN or "" counts as absent.

    local_root: the folder below which file:// addresses are read; with None they are refused.

    Raises:
        InputError: a name is unknown, a value impossible, or the audio unreadable, too large or not allowed.
    """
    unknown = sorted(map(ascii, values.keys() - set(FIELDS)))
    if unknown:
        raise IntakeError(f"fields {', '.join(unknown)} are not known; there are {', '.join(FIELDS)}")
    given = {name: value for name, value in values.items() if not _absent(value)}
    language = given.get("language")
    if not isinstance(language, str | None):
        raise LanguageError(f"language is {type(language).__name__}; needed an ISO 639 code, for example en or hi")
    vitals = read_vitals_text(given.get("vitals"))
    try:
        return make_intake(
            read_audio(given["audio"], limits, local_root=local_root) if "audio" in given else None,
            vitals=vitals,
            patient={name: given[name] for name in PATIENT_FIELDS if name in given},
            language=language,
            complaint=given.get("complaint"),
        )
    except RecursionError as error:
        raise IntakeError(
            "the fields are nested too deeply; each is one value, vitals are names and numbers"
        ) from error


def _absent(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def read_vitals_text(value: object) -> dict[str, Any]:
    """Vitals as an object, or as the JSON text of one.

    Raises:
        VitalsError: it is neither.
    """
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise VitalsError('vitals are not JSON; needed an object such as {"spo2": 93}') from error
    if not isinstance(value, Mapping):
        raise VitalsError(f'vitals are {type(value).__name__}; needed an object such as {{"spo2": 93}}')
    return {str(name): number for name, number in value.items() if not _absent(number)}


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def read_audio(value: object, limits: AudioConfig, *, local_root: Path | None) -> bytes | Path:
    """The recording's bytes, or its path for a file address.

    Raises:
        IntakeError: not base64, or an address that may not be read here.
        AudioTooLargeError, AudioNotFoundError: the recording cannot be had.
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise IntakeError(f"audio is {type(value).__name__}; needed base64 text or an address")
    if value.startswith("s3://"):
        return from_s3(value, limits)
    if value.startswith("file://"):
        return _local(value, local_root)
    if len(value) > limits.max_bytes * 4 // 3 + 4:
        raise AudioTooLargeError(f"audio is larger than the limit of {limits.max_bytes} bytes; send an s3:// address")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntakeError("audio is not base64; send base64 text, an s3:// address or a file:// address") from error


def _local(address: str, root: Path | None) -> Path:
    """The path of a file:// address with every link followed: a link out of the folder leads out of it.

    One message for all that is refused, so that nobody learns which files there are.
    """
    refused = IntakeError("no file at this file:// address is read here; send the bytes, or an s3:// address")
    try:
        parts = urlsplit(address)
        path = Path(unquote(parts.path)).resolve(strict=True)
    except (ValueError, OSError) as error:
        raise refused from error
    if root is None or parts.netloc not in ("", "localhost") or not path.is_relative_to(root.resolve()):
        raise refused
    return path


def from_s3(address: str, limits: AudioConfig) -> bytes:
    """The bytes of an S3 object, refused unread when it is too large.

    Raises:
        AudioNotFoundError: no such object, or no permission. AudioTooLargeError: beyond the limit.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    client, unreachable = _s3()
    try:
        found = client.get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > limits.max_bytes:
            raise AudioTooLargeError(f"the object has {found['ContentLength']} bytes; the limit is {limits.max_bytes}")
        return found["Body"].read()
    except unreachable as error:
        raise AudioNotFoundError(
            "no readable object at the given s3:// address; check it and the permission"
        ) from error


@lru_cache(maxsize=1)
def _s3() -> tuple[Any, tuple[type[Exception], ...]]:
    """A client that gives up soon, because somebody waits, and what it raises; kept for its connections."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError as error:
        raise backends.missing(error, "audio in S3") from error
    config = Config(
        connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}
    )
    # A session of its own: boto3's default one is not safe to use from several threads.
    return boto3.Session().client("s3", config=config), (BotoCoreError, ClientError)
