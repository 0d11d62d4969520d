"""Run the decoder where it can be stopped, and turn its report into samples or a coded error."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.config import AudioConfig
from vaidya.errors import (
    AudioEmptyError,
    AudioError,
    AudioFormatError,
    AudioLimitError,
    AudioTooLongError,
)
from vaidya.units import SAMPLE_RATE_HZ, samples_of

CHILD = Path(__file__).with_name("decode_child.py")
SAMPLE_BYTES = 4
DAMAGED_SHARE_MAX = 0.5  # more damaged packets than whole ones: what decoded is as likely noise as sound
FORMATS = "WAV, FLAC, MP3, M4A, OGG/Opus or WebM"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the child made of the bytes.

    samples: float32, shape (n,), mono at SAMPLE_RATE_HZ, unchecked. report: the child's own words (decode_child.py).
    """

    samples: np.ndarray
    report: dict[str, Any]
    sha256: str
    size_bytes: int


def decode(source: Iterator[bytes], config: AudioConfig) -> Decoded:
    """Decode, downmix and resample the bytes in a child process held to the configured time, memory and duration.

    Raises:
        AudioFormatError: not a recording, a video, or too damaged. AudioEmptyError: a recording of no sample.
        AudioTooLongError: more sound than `max_duration_s`, declared or decoded.
        AudioLimitError: more time or memory than allowed.
    """
    digest = hashlib.sha256()
    size = 0

    first = next(source)  # an unusable source is refused before a process is started for it

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in chain((first,), source):
            digest.update(piece)
            size += len(piece)
            yield piece

    raw, report = _run(counted(), config)
    samples = np.frombuffer(raw, dtype=np.float32)
    _refuse_too_long(report, len(samples), config)
    _refuse_unusable(report, len(samples), config)
    return Decoded(samples=samples, report=report, sha256=digest.hexdigest(), size_bytes=size)


def _run(source: Iterable[bytes], config: AudioConfig) -> tuple[bytearray, dict[str, Any]]:
    job = {
        "rate_hz": SAMPLE_RATE_HZ,
        "max_memory_bytes": config.max_memory_bytes,
        "max_decode_s": config.max_decode_s,
        "max_duration_s": config.max_duration_s,
    }
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", str(CHILD), json.dumps(job)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()) as child:
        clock = threading.Timer(config.max_decode_s, child.kill)
        clock.start()
        try:
            raw, complaint = _talk(child, source, samples_of(config.max_duration_s) * SAMPLE_BYTES)
        finally:
            ended = child.poll() is not None
            clock.cancel()
            if not ended:
                child.kill()
    return raw, _report(child.returncode, complaint, config)


def _environment() -> dict[str, str]:
    # One thread and no user settings: a thread's stack counts against the memory limit.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _talk(child: "subprocess.Popen[bytes]", source: Iterable[bytes], max_bytes: int) -> tuple[bytearray, bytes]:
    """Give the child all bytes, then take its samples (no more than it may send) and its report."""
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    with contextlib.suppress(BrokenPipeError):  # the child died: its return code says why
        for piece in source:
            child.stdin.write(piece)
        child.stdin.close()
    raw = bytearray()
    while len(raw) <= max_bytes and (piece := child.stdout.read(1 << 20)):
        raw += piece
    complaint = child.stderr.read() if len(raw) <= max_bytes else b""
    child.wait()
    return raw, complaint


def _report(code: int, complaint: bytes, config: AudioConfig) -> dict[str, Any]:
    """The child's report, or the error that its death stands for."""
    if code in (-signal.SIGKILL, -signal.SIGXCPU):
        raise AudioLimitError(
            f"decoding took more than {config.max_decode_s:g} s or was stopped by the system; cut the recording, "
            "or raise `audio.max_decode_s`"
        )
    try:
        report: dict[str, Any] = json.loads(complaint)
    except ValueError as error:
        if b"MemoryError" in complaint or b"Cannot allocate memory" in complaint:
            raise _too_much_memory(config) from error
        raise AudioFormatError(
            f"the decoder crashed on this file (code {code}); convert it to {FORMATS} and try again"
        ) from error
    if report["stopped"] == "memory":
        raise _too_much_memory(config)
    return report


def _too_much_memory(config: AudioConfig) -> AudioLimitError:
    return AudioLimitError(
        f"decoding needs more than {config.max_memory_bytes >> 20} MiB of memory; convert the recording to mono "
        "16 kHz, or raise `audio.max_memory_bytes`"
    )


def _refuse_too_long(report: dict[str, Any], samples: int, config: AudioConfig) -> None:
    declared = report.get("declared_s")
    over = declared is not None and declared > config.max_duration_s + 1.0  # codecs pad; a second is no excess
    if report["stopped"] != "too_long" and not over:
        return
    found = f"declares {declared:.0f} s" if over else f"holds more than {config.max_duration_s:g} s of sound"
    raise AudioTooLongError(
        f"the recording {found} ({samples / SAMPLE_RATE_HZ:.0f} s decoded); at most {config.max_duration_s:g} s is "
        "accepted. Cut it, or raise `audio.max_duration_s`."
    )


def _refuse_unusable(report: dict[str, Any], samples: int, config: AudioConfig) -> None:
    error = _stopped(report)
    if error is not None:
        raise error
    tally = report["tally"]
    damaged = tally["damaged"] > 0 or report["stopped"] == "damage"
    too_damaged = tally["damaged"] > DAMAGED_SHARE_MAX * tally["packets"]
    usable_from = max(1, samples_of(config.minimum_s))
    if damaged and (too_damaged or samples < usable_from):
        raise AudioFormatError(
            f"the {report['codec']} recording is damaged: {tally['damaged']} of {tally['packets']} packets could not "
            f"be decoded and {samples / SAMPLE_RATE_HZ:.2f} s of sound was left; record again"
        )
    if not samples:
        raise AudioEmptyError(f"the {report['codec']} recording holds no sound; record again")


def _stopped(report: dict[str, Any]) -> AudioError | None:
    found = report["found"]
    if report["stopped"] == "format":
        return AudioFormatError(f"the bytes are not a recording that can be decoded; {FORMATS} is needed")
    if report["stopped"] == "video":
        return AudioFormatError(f"the file is a video ({found}); send the sound alone, as {FORMATS}")
    if report["stopped"] == "no_audio":
        return AudioFormatError(f"the file holds no sound ({found}); {FORMATS} is needed")
    return None
