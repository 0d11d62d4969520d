"""Whether a phrase speaks of this patient, here and now: not denied, past, imagined, asked or somebody else's.

A companion speaks of the patient too ("my son is drowsy", "my mother was found on the floor"); a parent's or sibling's
disease in the past tense without a present-day word is family history ("my father had a stroke").
"""

import re

from vaidya.language import Answer, Experiencer, answer, experiencer, is_imagined, is_negated, is_past
from vaidya.language.cues import pattern
from vaidya.schema import Speaker
from vaidya.triage.spoken import Spoken

_FAMILY_EVENT = re.compile(
    r"\b(?:father|mother|dad|mum|mom|parents?|brothers?|sisters?|siblings?|uncles?|aunts?|auntie|cousins?|grand\w+|nan)\b"
    r"[^.?!;]*\b(?:had|have had|died|passed away|suffered|used to|years? ago|from)\b"
    r"|(?:पिता|पापा|माँ|मां|माता|भाई|बहन|दादा|दादी|नाना|नानी|चाचा)[^.?!;।]*(?:था|थी|थे|हुआ था|हुई थी|गुज़र|गुजर)"
)
_ADDRESSED = re.compile(r"\b(?:you|your|any|anything|anyone)\b|आप|तुम|நீங்க|உங்க|మీ|మీరు|ನೀವು|ನಿಮ")
# The patient's own question: "could you refill my tablets?", "should I come in?"
_OWN = re.compile(r"\b(?:i|i'm|i've|i'd|me|my|we|our|us)\b")
_OF_SYMPTOMS = re.compile(r"\b(?:do|did|have|are|were|had) you\b|\bany (?!advice|help|way)")
# A clinician thinks aloud, explains and gives advice; what is named there is not found.
_MUSING = re.compile(
    r"\b(?:might|may|could|can|would|should|if|rule|ruled|ruling|think(?:ing)? (?:of|about)|sounds? like|suggests?"
    r"|consistent with|red flags?|things? like|such as|including|unlikely|consider|possib\w+|differential|risk"
    r"|important|test|what (?:we|i) call)\b"
)


def is_asserted(text: Spoken, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a text may raise a tier."""
    body = text.text
    if is_negated(body, start, end) or is_past(body, start, end) or is_imagined(body, start, end):
        return False
    return not (_family_history(text, start, end) or _asked_in_vain(text, start, end) or _mused(text, start))


def _family_history(text: Spoken, start: int, end: int) -> bool:
    sentence = text.sentences[text.sentence_index(start)]
    recent = pattern("temporality", "present").search(sentence.text)
    events = [match.span() for match in _FAMILY_EVENT.finditer(sentence.text)]
    if not recent and any(begin <= start - sentence.start < stop for begin, stop in events):
        return True  # the phrase is the relative: "my grandfather had …" tells nobody's age
    if experiencer(text.text, start, end) is not Experiencer.HISTORY:
        return False
    return bool(pattern("experiencer", "history").search(sentence.text)) or bool(events and not recent)


def _asked_in_vain(text: Spoken, start: int, end: int) -> bool:
    """Whether the phrase stands in a clinician's question that nobody answered with yes."""
    index = text.sentence_index(start)
    sentence = text.sentences[index]
    speaker = text.at(start).speaker
    if not sentence.question or speaker in (Speaker.PATIENT, Speaker.COMPANION):
        return False
    if speaker is None and (not _addressed(text, index) or _patients_own(sentence.text)):
        return False
    # Without punctuation the answer runs on in the same sentence.
    rest = sentence.text[end - sentence.start :].lstrip(" ,?")
    reply = text.sentences[index + 1].text if index + 1 < len(text.sentences) else ""
    return Answer.YES not in (answer(rest), answer(reply))


def _addressed(text: Spoken, index: int) -> bool:
    """Whether a question is put to the patient: it says so, or the one before does ("Any swelling? Chest pain?")."""
    asked = [s for s in text.sentences[max(0, index - 1) : index + 1] if s.question]
    return any(_ADDRESSED.search(sentence.text) for sentence in asked)


def _patients_own(question: str) -> bool:
    return bool(_OWN.search(question)) and not _OF_SYMPTOMS.search(question)


def _mused(text: Spoken, start: int) -> bool:
    if text.at(start).speaker is not Speaker.CLINICIAN:
        return False
    sentence = text.sentences[text.sentence_index(start)]
    return not sentence.question and bool(_MUSING.search(sentence.text))
