"""Questions and their answers: "any chest pain?" - "no" denies chest pain, though neither turn says so alone."""

import enum
import re
from functools import lru_cache

from vaidya.language.cues import END, alternatives, cues, pattern


class Answer(enum.Enum):
    """How a reply takes a question."""

    YES = "yes"
    NO = "no"
    OTHER = "other"


@lru_cache(maxsize=4)
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


def describes(reply: str) -> bool:
    """Whether a normalised reply opens by telling when, where or how: what was asked about is then there.

    >>> describes("it started an hour ago."), describes("on the left side"), describes("just a cough")
    (True, True, False)
    """
    return bool(_opening("describes").match(reply))


def is_plea(sentence: str) -> bool:
    """Whether a normalised sentence asks for help, as a patient does and a clinician does not.

    >>> is_plea("can you help me, i can't breathe."), is_plea("can you tell me where it hurts?")
    (True, False)
    """
    return bool(pattern("pleas", "asks_help").search(sentence))
