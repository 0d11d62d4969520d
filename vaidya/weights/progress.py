"""A progress bar on stderr for waits over two seconds."""

import sys
from typing import Any

from tqdm import tqdm

SHOW_AFTER_S = 2.0


def bar(total: int, what: str, unit: str) -> "tqdm[Any]":
    """A bar that appears once the wait has lasted two seconds; in a log file it writes a line every 15 s."""
    pause = 0.2 if sys.stderr.isatty() else 15.0
    return tqdm(total=total, desc=what, unit=unit, delay=SHOW_AFTER_S, mininterval=pause, file=sys.stderr)


def say(what: str) -> None:
    """One line on stderr, where it disturbs neither a bar nor `--json`."""
    tqdm.write(what, file=sys.stderr)
