"""Where a reply leaves what was said: a greedy small model falls into lists of things that nobody said.

"Pain in the mouth", "Pain in the throat", "Pain in the legs": each word follows from the one before, none from the
patient, and the list is written to its end. The reply is followed while it is written and cut there.
"""

import json
import re

from vaidya.note.evidence import Spoken, check
from vaidya.note.reply import KEYS, statement

RUN = 3  # statements of one list, one after another, that nobody said
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*([:,\]}])')  # finished, with what follows it: a colon follows a key
_SECTIONS = {key: name for name, key in KEYS.items()}


class Followed:
    """A reply while it is being written, up to where `RUN` statements of a list, in a row, are not supported.

    text: all of it, or, once `astray`, what stands before the first of them.
    """

    def __init__(self, spoken: Spoken, support_min: float) -> None:
        self.text = ""
        self.astray = False
        self._spoken = spoken
        self._support_min = support_min
        self._read = 0
        self._key = ""
        self._run: list[int] = []  # where each unsupported statement at the end begins

    def add(self, piece: str) -> None:
        """A piece as the model wrote it; of what comes after it went astray nothing is kept."""
        self.text += "" if self.astray else piece
        while not self.astray and (found := _STRING.search(self.text, self._read)):
            self._read = found.end(1) + 1
            if found[2] == ":":
                self._key, self._run = found[1], []
            elif self._key in _SECTIONS:
                self._judge(found[1], found.start())
        if self.astray:
            self.text = self.text[: self._run[0]].rstrip(" ,")

    def _judge(self, written: str, start: int) -> None:
        text = statement(_unescaped(written), self._key)
        if not text:
            return
        checked = check(text, _SECTIONS[self._key], self._spoken, self._support_min)
        self._run = [] if checked.supported else [*self._run, start]
        self.astray = len(self._run) == RUN


def _unescaped(written: str) -> str:
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:  # an escape that JSON does not know: judged as it is written
        return written
