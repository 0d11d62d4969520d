"""What the model is asked to write: a JSON object with short keys, the tier first.

Short keys and bounded lists keep the reply short; the bounds also stop a small model that repeats itself. The schema
has no `$ref` and no `anyOf`, so that llama.cpp, llguidance and vLLM all take it.
"""

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal

import json_repair
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vaidya.errors import NoteFormatError
from vaidya.language import normalise, sentences
from vaidya.schema import SECTIONS, SectionName, Tier

# Characters of a statement, by list.
_LONGEST = {"s": 160, "o": 160, "a": 120, "p": 160}
# Statements of each list. One assessment: a small model's second one repeats the first, or invents (experiments/notes).
_MOST = {"s": 10, "o": 4, "a": 1, "p": 6}
_Text = Annotated[str, Field(min_length=1, max_length=_LONGEST["s"])]
_Problem = Annotated[str, Field(min_length=1, max_length=_LONGEST["a"])]
_LABEL = re.compile(r"^(?:[PCF?]|Patient|Clinician|Companion): ")
_TIER = re.compile(r'"t"\s*:\s*"([A-Za-z_\- ]+)"')
_TIER_KEY = re.compile(r'"t"\s*:')


class Reply(BaseModel):
    """The model's reply: the tier, then the four sections as statements."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    t: Literal["EMERGENCY", "URGENT", "SEMI_URGENT", "ROUTINE"]
    s: Annotated[list[_Text], Field(min_length=1, max_length=_MOST["s"])]
    o: Annotated[list[_Text], Field(max_length=_MOST["o"])] = []
    a: Annotated[list[_Problem], Field(max_length=_MOST["a"])]
    p: Annotated[list[_Text], Field(max_length=_MOST["p"])] = []

    def section(self, name: SectionName) -> list[str]:
        """The statements of one section, each once, as `statement` leaves them."""
        key = KEYS[name]
        said = (statement(text, key) for text in getattr(self, key))
        return list(dict.fromkeys(text for text in said if text))

    @property
    def tier(self) -> Tier:
        """The tier."""
        return Tier(self.t)


def statement(written: str, key: str) -> str:
    """An entry of a list as a statement, without bullet, speaker label and repetitions; "" where it says nothing.

    >>> statement("- P: No fever", "s"), statement("Have you coughed blood", "s")
    ('No fever', '')
    """
    text = without_loops(_LABEL.sub("", written.strip(" -•*\t\n").rstrip(" ,;]")), _LONGEST[key])
    return "" if asks(text) else text


def asks(text: str) -> bool:
    """Whether a text only asks, which is no finding.

    >>> asks("Have you coughed blood"), asks("Can walk a few steps")
    (True, False)
    """
    found = sentences(normalise(text))
    return bool(found) and all(sentence.question for sentence in found)


def without_loops(text: str, longest: int = _LONGEST["s"]) -> str:
    """A statement without phrases that it already holds, and without the phrase that the length limit cut off.

    >>> without_loops("no fall, no seizure, no fall, no seizure")
    'no fall, no seizure'
    """
    phrases = text.split(", ")
    if len(text) >= longest and len(phrases) > 1:
        phrases.pop()
    first: dict[str, str] = {}
    for phrase in phrases:
        first.setdefault(phrase.casefold().strip(" ."), phrase)
    return ", ".join(first.values())


KEYS: dict[SectionName, str] = dict(zip(SECTIONS, "soap", strict=True))


def reply_schema(without: Collection[str] = ()) -> dict[str, Any]:
    """The JSON schema of `Reply` without titles and descriptions.

    without: "o" or "p" where no clinician examined or planned aloud: what cannot be asked for cannot be invented.

    >>> list(reply_schema(without="op")["properties"])
    ['t', 's', 'a']
    """
    schema = _bare(Reply.model_json_schema())
    properties = {key: node for key, node in schema["properties"].items() if key not in without}
    return {**schema, "properties": properties, "required": list(properties)}


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key not in ("title", "description", "default")}
    return [_bare(value) for value in node] if isinstance(node, list) else node


def streamed_tier(text: str) -> Tier | None:
    """The tier as soon as it stands complete in a reply that is still being written; the more severe one of several.

    >>> streamed_tier('{"t": "URG'), streamed_tier('{"t": "URGENT"')
    (None, <Tier.URGENT: 'URGENT'>)
    """
    found = (Tier.parse(written) for written in _TIER.findall(text))
    return max((tier for tier in found if tier is not None), default=None)


def parse(text: str) -> Reply:
    """A reply exactly as asked for.

    Raises:
        NoteFormatError: it is not, or it gives two tiers.
    """
    whole = _object(text)
    _refuse_two_tiers(whole)
    try:
        return Reply.model_validate_json(whole)
    except ValidationError as error:
        raise NoteFormatError(
            f"the reply is not a note: {error.error_count()} problem(s); needed an object with keys t, s, o, a, p"
        ) from error


def repair(text: str) -> Reply:
    """A reply mended: broken JSON closed, over-long lists and statements cut. It never supplies a tier or a fact.

    Raises:
        NoteFormatError: no tier, two tiers, or no subjective statement stands in the reply.
    """
    whole = _object(text)
    _refuse_two_tiers(whole)
    tier = streamed_tier(whole)
    found = json_repair.loads(whole)
    if tier is None or not isinstance(found, dict):
        raise NoteFormatError("the reply is not a note and cannot be repaired: no tier stands in it")
    lists = {key: _cut(found.get(key), most, _LONGEST[key]) for key, most in _MOST.items()}
    try:
        return Reply.model_validate({"t": tier.value, **lists})
    except ValidationError as error:
        raise NoteFormatError("the reply is not a note and cannot be repaired: no statement stands in it") from error


def _refuse_two_tiers(text: str) -> None:
    """A JSON reader takes the last of two equal keys: a reply that says both would be read as the milder one."""
    if len(_TIER_KEY.findall(text)) > 1:
        raise NoteFormatError("the reply gives the tier more than once")


def _cut(value: object, most: int, longest: int) -> list[str]:
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return [text.strip()[:longest] for text in texts if isinstance(text, str) and text.strip()][:most]


def _object(text: str) -> str:
    """From the first brace on: models put a code fence or a thought before their answer."""
    start = text.find("{")
    end = text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text[max(start, 0) :]
