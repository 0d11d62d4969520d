"""The thought that some models write before their answer, told apart from the reply.

MedGemma 1.5 opens it with `<unused94>thought` and closes it with `<unused95>` (model card, "Thinking"); Qwen and
DeepSeek models use `<think>…</think>`. A thought is no part of a note, and nobody reviewed it.
"""

FENCES = {"<unused94>": "<unused95>", "<think>": "</think>"}


class ThoughtFilter:
    """Takes a reply piece by piece and gives back what is not thought.

    Only a thought at the very beginning is one; the same marks later in a reply are text. A thought that never ends
    leaves an empty reply.
    """

    def __init__(self) -> None:
        self._held = ""
        self._close: str | None = None
        self._passing = False

    def feed(self, piece: str) -> str:
        """The part of the reply that is known to be text after this piece, possibly none."""
        if self._passing:
            return piece
        self._held += piece
        if self._close is None and not self._opened():
            return ""
        if self._close is not None:
            return self._after_thought(self._close)
        return self._release(self._held)

    def flush(self) -> str:
        """What was still held back when the reply ended."""
        held, self._held = self._held, ""
        return "" if self._close is not None else held

    def _opened(self) -> bool:
        """Whether it is known by now if the reply begins with a thought."""
        begin = self._held.lstrip()
        for opening, closing in FENCES.items():
            if begin.startswith(opening):
                self._close = closing
                return True
        return not any(opening.startswith(begin) for opening in FENCES)

    def _after_thought(self, closing: str) -> str:
        _, found, rest = self._held.partition(closing)
        if not found:
            return ""
        self._close = None
        return self._release(rest.lstrip())

    def _release(self, text: str) -> str:
        self._held = ""
        self._passing = True
        return text


def without_thought(text: str) -> str:
    """A whole reply without the thought before it.

    >>> without_thought('<unused94>thought\\nIs it the heart?<unused95>{"t": "URGENT"}')
    '{"t": "URGENT"}'
    """
    strip = ThoughtFilter()
    return strip.feed(text) + strip.flush()
