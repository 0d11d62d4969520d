"""One consultation as it arrives over a wire -> Intake: the columns of the model's signature, one name for each field.

audio: base64, or an address: s3://bucket/key, or file:///path where the caller may read local files.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from vaidya import backends
from vaidya.config import AudioConfig
from vaidya.errors import AudioNotFoundError, AudioTooLargeError, IntakeError, VitalsError
from vaidya.record.assemble import make_intake
from vaidya.schema import Intake

PATIENT_FIELDS = ("age", "sex", "pregnant")
FIELDS = ("audio", "vitals", *PATIENT_FIELDS, "language", "complaint")


def intake_of(values: Mapping[str, Any], limits: AudioConfig, *, local_files: bool = False) -> Intake:
    """An intake from plain values; a value that is None, NaN or "" counts as absent.

    Raises:
        InputError: a name is unknown, a value impossible, or the audio unreadable, too large or not allowed.
    """
    unknown = sorted(values.keys() - set(FIELDS))
    if unknown:
        raise IntakeError(f"fields {', '.join(unknown)} are not known; there are {', '.join(FIELDS)}")
    given = {name: value for name, value in values.items() if not _absent(value)}
    return make_intake(
        read_audio(given["audio"], limits, local_files=local_files) if "audio" in given else None,
        vitals=read_vitals_text(given.get("vitals")),
        patient={name: given[name] for name in PATIENT_FIELDS if name in given},
        language=given.get("language"),
        complaint=given.get("complaint"),
    )


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
            value = json.loads(value)
        except ValueError as error:
            raise VitalsError('vitals are not JSON; needed an object such as {"spo2": 93}') from error
    if not isinstance(value, Mapping):
        raise VitalsError(f'vitals are {type(value).__name__}; needed an object such as {{"spo2": 93}}')
    return {str(name): number for name, number in value.items() if not _absent(number)}


def read_audio(value: object, limits: AudioConfig, *, local_files: bool) -> bytes | Path:
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
        if not local_files:
            raise IntakeError("file:// addresses are not read by a server; send the bytes, or an s3:// address")
        return Path(unquote(urlsplit(value).path))
    if len(value) > limits.max_bytes * 4 // 3 + 4:
        raise AudioTooLargeError(f"audio is larger than the limit of {limits.max_bytes} bytes; send an s3:// address")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntakeError("audio is not base64; send base64 text, an s3:// address or a file:// address") from error


def from_s3(address: str, limits: AudioConfig) -> bytes:
    """The bytes of an S3 object, refused unread when it is too large.

    Raises:
        AudioNotFoundError: no such object, or no permission. AudioTooLargeError: beyond the limit.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError as error:
        raise backends.missing(error, "audio in S3") from error
    parts = urlsplit(address)
    try:
        found = boto3.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
    except (BotoCoreError, ClientError) as error:
        raise AudioNotFoundError(
            "no readable object at the given s3:// address; check it and the permission"
        ) from error
    if found["ContentLength"] > limits.max_bytes:
        raise AudioTooLargeError(f"the object has {found['ContentLength']} bytes; the limit is {limits.max_bytes}")
    return found["Body"].read()
