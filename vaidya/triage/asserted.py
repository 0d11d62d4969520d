"""Whether a phrase speaks of this patient, here and now: not denied, past, imagined, asked or somebody else's.

A companion speaks of the patient too ("my son is drowsy", "my mother was found on the floor"); a parent's or sibling's
disease in the past tense without a present-day word is family history ("my father had a stroke").
"""

import re
from collections.abc import Callable

from vaidya.language import (
    Answer,
    Hold,
    Sentence,
    answer,
    content_words,
    denial,
    describes,
    family_history,
    firmest,
    imagined,
    is_plea,
    past,
)
from vaidya.language.cues import pattern
from vaidya.schema import Speaker
from vaidya.triage.spoken import Spoken

_ADDRESSED = re.compile(r"\b(?:you|your|any|anything|anyone)\b|आप|तुम|நீங்க|உங்க|మీ|మీరు|ನೀವು|ನಿಮ")
# The patient's own question: "could you refill my tablets?", "should I come in?"
_OWN = re.compile(r"\b(?:i|i'm|i've|i'd|me|my|we|our|us)\b")
_OF_SYMPTOMS = re.compile(r"(?<!how )(?<!why )\b(?:do|did|have|are|were|had) you\b|\bany (?!advice|help|way)")
# A clinician thinks aloud, explains and gives advice; what is named there is not found.
_MUSING = re.compile(
    r"\b(?:might|may|could|can|would|should|if|rule|ruled|ruling|think(?:ing)? (?:of|about)|sounds? like|suggests?"
    r"|consistent with|red flags?|things? like|such as|including|unlikely|consider|possib\w+|differential|risk"
    r"|important|test|what (?:we|i) call)\b"
)
_LATEST_REPLY = 3  # sentences; several questions at once are answered by one "yes"


def aside(text: Spoken, start: int, end: int) -> Hold:
    """How firmly the words around the phrase at [start, end) set it aside.

    NONE: it is asserted, and may raise a tier. LOOSE: it may have been meant, so a person should ask.
    """
    held = (judge(text, start, end) for judge in _JUDGES)
    return firmest(held)


def _of_text(judge: Callable[[str, int, int], Hold]) -> Callable[[Spoken, int, int], Hold]:
    return lambda text, start, end: judge(text.text, start, end)


def _asked(text: Spoken, start: int, end: int) -> Hold:
    """What became of the question that the phrase stands in, if it stands in a clinician's.

    A "yes" asserts it, and so does an answer that tells when, where or how. A "no", or no answer at all, sets it aside;
    any other answer leaves it open.
    """
    index = text.sentence_index(start)
    sentence = text.sentences[index]
    if not _clinicians_question(text, index) or _told_beside(text.text, sentence.start, start):
        return Hold.NONE
    # Without punctuation the answer runs on in the same sentence.
    rest = answer(sentence.text[end - sentence.start :].lstrip(" ,?"))
    reply, adjacent = _reply(text, index)
    given = answer(reply)
    if Answer.YES in (rest, given) or (adjacent and Answer.NO not in (rest, given) and describes(reply)):
        return Hold.NONE
    open_still = rest is not Answer.NO and given is Answer.OTHER and bool(content_words(reply))
    return Hold.LOOSE if open_still else Hold.FIRM


def _clinicians_question(text: Spoken, index: int) -> bool:
    sentence = text.sentences[index]
    speaker = text.at(sentence.start).speaker
    if not sentence.question or speaker in (Speaker.PATIENT, Speaker.COMPANION) or is_plea(sentence.text):
        return False
    return speaker is not None or (_addressed(text, index) and not _patients_own(sentence.text))


def _told_beside(text: str, begin: int, start: int) -> bool:
    """Whether a statement stands after the question, before the phrase: "have you seen this, my leg is bleeding"."""
    told = list(pattern("clauses", "new_statement").finditer(text, begin, start))
    return bool(told) and not _ADDRESSED.search(text, told[-1].end(), start)


def _reply(text: Spoken, index: int) -> tuple[str, bool]:
    """The first sentence after a question that is none and has not the asker's voice; whether it follows at once."""
    asker = text.at(text.sentences[index].start).speaker
    for place in range(index + 1, min(len(text.sentences), index + 1 + _LATEST_REPLY)):
        reply = text.sentences[place]
        if not reply.question and not _same_voice(text, reply, asker):
            return reply.text, place == index + 1
    return "", False


def _same_voice(text: Spoken, sentence: Sentence, asker: Speaker | None) -> bool:
    return asker is not None and text.at(sentence.start).speaker is asker


def _addressed(text: Spoken, index: int) -> bool:
    """Whether a question is put to the patient: it says so, or the one before does ("Any swelling? Chest pain?")."""
    asked = [s for s in text.sentences[max(0, index - 1) : index + 1] if s.question]
    return any(_ADDRESSED.search(sentence.text) for sentence in asked)


def _patients_own(question: str) -> bool:
    return bool(_OWN.search(question)) and not _OF_SYMPTOMS.search(question)


def _mused(text: Spoken, start: int, _end: int) -> Hold:
    if text.at(start).speaker is not Speaker.CLINICIAN:
        return Hold.NONE
    sentence = text.sentences[text.sentence_index(start)]
    return Hold.FIRM if not sentence.question and _MUSING.search(sentence.text) else Hold.NONE


# The quick ones first: most phrases are set aside by a denial or by a question.
_JUDGES = (_of_text(denial), _mused, _asked, *map(_of_text, (imagined, past, family_history)))
