"""A dialogue and a heading -> the text of that one section, by any language model.

The request has three turns: what is asked, the dialogue, the heading. The heading comes last, so that several
sections of one dialogue share everything before it in the prompt cache.
"""

import re
from collections.abc import Sequence

from vaidya.errors import GenerationTruncatedError
from vaidya.llm.base import EndReply, LanguageModel
from vaidya.note.loops import Unlooped
from vaidya.schema import FinishReason, Message

SYSTEM = "You write one section of a clinical note from a dialogue."
REQUEST = "Note section:"  # with this the third turn begins

# MTS-Dialog's twenty normalised headings (Ben Abacha et al., EACL 2023, table 2) in words.
HEADINGS = {
    "ALLERGY": "allergies",
    "ASSESSMENT": "assessment",
    "CC": "chief complaint",
    "DIAGNOSIS": "diagnosis",
    "DISPOSITION": "disposition",
    "EDCOURSE": "emergency department course",
    "EXAM": "physical examination",
    "FAM/SOCHX": "family and social history",
    "GENHX": "history of present illness",
    "GYNHX": "gynecologic history",
    "IMAGING": "imaging results",
    "IMMUNIZATIONS": "immunizations",
    "LABS": "laboratory results",
    "MEDICATIONS": "current medications",
    "OTHER_HISTORY": "other history",
    "PASTMEDICALHX": "past medical history",
    "PASTSURGICAL": "past surgical history",
    "PLAN": "plan",
    "PROCEDURES": "procedures",
    "ROS": "review of systems",
}

# 96 % of the histories in the training part are no longer than the first, 99 % of the other sections than the second.
NARRATIVE_TOKENS = 400
SHORT_TOKENS = 200

_SPEAKERS = {"clinician": "Doctor", "doctor": "Doctor", "patient": "Patient", "companion": "Guest_family"}
_TURN = re.compile(rf"({'|'.join(_SPEAKERS)})\s*:\s*", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z0-9]|\s*$)")
_PHRASE_END = re.compile(r"[.,;:!?](?=\s|$)")


def heading(header: str) -> str:
    """A heading in words; one that is not in the table is taken as it is written, in lower case.

    >>> heading("ROS"), heading("Birth_History")
    ('review of systems', 'birth history')
    """
    return HEADINGS.get(header.strip().upper(), header.strip().replace("_", " ").lower())


def section_messages(dialogue: str, header: str) -> tuple[Message, ...]:
    """The request for one section. dialogue: a turn a line, each beginning with its speaker where known."""
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content=spoken_lines(dialogue)),
        Message(role="user", content=f"{REQUEST} {heading(header)}"),
    )


def spoken_lines(dialogue: str) -> str:
    """A dialogue with one name for each kind of speaker, single spaces and no empty line.

    >>> spoken_lines("clinician: Any  pain?\\n\\npatient: No.")
    'Doctor: Any pain?\\nPatient: No.'
    """
    lines = (" ".join(line.split()) for line in dialogue.splitlines())
    return "\n".join(_TURN.sub(_named, line, count=1) if _TURN.match(line) else line for line in lines if line)


def _named(turn: re.Match[str]) -> str:
    return f"{_SPEAKERS[turn.group(1).lower()]}: "


def write_section(model: LanguageModel, dialogue: str, header: str) -> str:
    """The text of one section, in one line.

    Raises:
        GenerationError: the model failed.
        GenerationTruncatedError: the reply was cut and nothing in it was finished.
    """
    return reply_text(model, section_messages(dialogue, header), token_limit(header))


def token_limit(header: str) -> int:
    """The tokens that a section may have."""
    return NARRATIVE_TOKENS if heading(header) == HEADINGS["GENHX"] else SHORT_TOKENS


def reply_text(model: LanguageModel, messages: Sequence[Message], limit: int) -> str:
    """A reply as a section, each of its sentences once.

    A small model may fall into a loop: the reply is stopped there and keeps the phrases before it. Of one that was cut
    at the token limit the finished sentences are kept, or where there is none the finished phrases.

    Raises:
        GenerationTruncatedError: the reply was cut and nothing in it was finished.
    """
    written = Unlooped()

    def on_text(piece: str) -> None:
        written.add(piece)
        if written.looped:
            raise EndReply

    reply = model.generate(messages, max_tokens=limit, on_text=on_text)
    return _section(written, reply.text, reply.finish_reason is FinishReason.LENGTH, limit)


def section_text(reply: str, limit: int, *, cut: bool) -> str:
    """What `reply_text` keeps of a whole reply; cut: it ended at the token limit.

    Raises:
        GenerationTruncatedError: it was cut or looped and nothing in it was finished.
    """
    written = Unlooped()
    written.add(reply)
    return _section(written, reply, cut, limit)


def _section(written: Unlooped, reply: str, cut: bool, limit: int) -> str:
    if written.looped:
        return _kept(_phrases(written.text), limit)
    return _kept(_up_to(_SENTENCE_END, reply) or _phrases(reply), limit) if cut else _once(reply)


def _phrases(text: str) -> str:
    return _up_to(_PHRASE_END, text).rstrip(" ,;:")


def _up_to(end: re.Pattern[str], text: str) -> str:
    """A text up to its last match of `end`; nothing where there is none."""
    ends = [match.end() for match in end.finditer(text)]
    return text[: ends[-1]] if ends else ""


def _kept(text: str, limit: int) -> str:
    if not text:
        raise GenerationTruncatedError(
            f"the section did not end within {limit} tokens and holds no finished phrase; use another model"
        )
    return _once(text)


def _once(text: str) -> str:
    """A text in one line, each of its sentences once."""
    return " ".join(dict.fromkeys(_SENTENCE.split(" ".join(text.split()))))
