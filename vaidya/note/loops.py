"""Where a reply begins to say again what it has just said: a small model that falls into such a loop never ends."""

import re

# Of the 1,197 sections of MTS-Dialog's training part none repeats so many words at once, while 15 hold the same six
# words at two places ("she has had no history of").
LEAST_WORDS = 6
_WORD = re.compile(r"(\S+)\s")  # finished: the end of a reply that is still being written may be half a word


class Unlooped:
    """A reply while it is being written, up to where it begins to repeat itself.

    text: all of it, or, once `looped`, what stands before the repetition.
    """

    def __init__(self) -> None:
        self.text = ""
        self.looped = False
        self._words: list[str] = []
        self._starts: list[int] = []
        self._read = 0

    def add(self, piece: str) -> None:
        """A piece as the model wrote it; of what comes after the repetition began nothing is kept."""
        self.text += "" if self.looped else piece
        while not self.looped and (word := _WORD.search(self.text, self._read)):
            self._read = word.end()
            self._words.append(word[1].casefold().strip(".,;:"))
            self._starts.append(word.start())
            start = repeated(self._words)
            if start is not None:
                self.looped = True
                self.text = self.text[: self._starts[start]]


def repeated(words: list[str]) -> int | None:
    """Where the repetition at the end of the words begins; None where the end repeats nothing.

    What is repeated is a phrase of at least `LEAST_WORDS`, or a shorter one again and again until it is as long.

    >>> repeated("no fall no seizure no fall no seizure no fall".split())
    4
    >>> repeated("no fall no seizure no pain".split()) is None
    True
    """
    count = len(words)
    for period in range(1, count // 2 + 1):
        size = max(period, LEAST_WORDS)
        if count >= size + period and words[-size:] == words[-size - period : -period]:
            return count - size
    return None
