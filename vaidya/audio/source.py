"""The source's bytes, in pieces: checked for size and kind before anything looks inside."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vaidya.errors import AudioEmptyError, AudioFormatError, AudioNotFoundError, AudioTooLargeError

PIECE_BYTES = 1 << 20
MIB = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def pieces(source: Path | bytes, max_bytes: int) -> Iterator[bytes]:
    """The bytes of a file or of a buffer, at most `max_bytes` of them, without holding a whole file in memory.

    Raises:
        AudioNotFoundError: nothing readable at the path. AudioFormatError: it is no regular file.
        AudioEmptyError: no byte. AudioTooLargeError: more than `max_bytes`.
    """
    if isinstance(source, bytes):
        _check_size(len(source), max_bytes)
        for start in range(0, len(source), PIECE_BYTES):
            yield source[start : start + PIECE_BYTES]
        return
    with open_regular(source) as file:
        _check_size(os.fstat(file.fileno()).st_size, max_bytes)
        read = 0
        while piece := file.read(PIECE_BYTES):
            read += len(piece)
            _check_size(read, max_bytes)  # the file may grow while it is read
            yield piece


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened without waiting: a named pipe that nobody writes to would block for ever.

    Raises:
        AudioNotFoundError, AudioFormatError: as `pieces`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        raise AudioNotFoundError(f"no file at {path}; give the path of a recording") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or "not a path"
        raise AudioNotFoundError(f"cannot open {path}: {reason}; give the path of a readable recording") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
        raise AudioFormatError(f"the path is {kind}; a recording file is needed")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _check_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise AudioEmptyError("the file holds no bytes; record again, or check that the upload finished")
    if size > max_bytes:
        raise AudioTooLargeError(
            f"the file has {size / MIB:.1f} MiB; at most {max_bytes / MIB:g} MiB is accepted. "
            "Compress it (Opus, MP3, FLAC), cut it, or raise `audio.max_bytes`."
        )
