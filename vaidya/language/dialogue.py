"""Questions and their answers: "any chest pain?" - "no" denies chest pain, though neither turn says so alone."""

import enum
import re
from functools import lru_cache

from vaidya.language.cues import END, alternatives, cues


class Answer(enum.Enum):
    """How a reply takes a question."""

    YES = "yes"
    NO = "no"
    OTHER = "other"


@lru_cache(maxsize=2)
def _opening(name: str) -> re.Pattern[str]:
    filler = cues()["answers"]["filler"]
    return re.compile(rf"^(?:(?:{filler})[,.]?\s+)*(?:{alternatives('answers', name)}){END}")


def answer(reply: str) -> Answer:
    """Whether a normalised reply opens by confirming or denying; OTHER when it does neither.

    >>> answer("uh, no, not really").value, answer("yeah, for a week").value, answer("three days").value
    ('no', 'yes', 'other')
    """
    if _opening("denies").match(reply):
        return Answer.NO
    return Answer.YES if _opening("confirms").match(reply) else Answer.OTHER
