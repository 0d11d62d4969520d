"""Mentions of concepts in a consultation: affirmed or denied, by whom, about whom, and in answer to what."""

from collections.abc import Sequence
from dataclasses import dataclass

from vaidya.language import Answer, Experiencer, blood_relative, experiencer, is_imagined, is_negated, of_the_dead
from vaidya.note.cues import cue
from vaidya.note.extract.lexicon import Found, find_concepts, find_drugs
from vaidya.note.heard import Heard
from vaidya.schema import Speaker

_ANSWER_WITHIN = 6  # sentences in which several questions at once are answered one by one


@dataclass(frozen=True, slots=True)
class Mention:
    """One concept in one sentence. denied: not present. sentence: index into the sentences heard."""

    found: Found
    denied: bool
    whose: Experiencer
    speaker: Speaker | None
    sentence: int
    evidence: tuple[str, ...]


def mentions(spoken: Sequence[Heard]) -> tuple[Mention, ...]:
    """Every concept and medicine affirmed or denied; open questions and mere possibilities are left out."""
    found: list[Mention] = []
    of_self = tells_of_self(spoken)
    for index, sentence in enumerate(spoken):
        for concept in (*find_concepts(sentence.text), *find_drugs(sentence.text)):
            denied = _denied(concept, sentence)
            if denied is None and _denied_in_general(concept, spoken, index):
                denied = True
            if denied is not None:
                about = whose(concept, sentence, of_self)
                found.append(Mention(concept, denied, about, sentence.speaker, index, sentence.evidence))
    return tuple(mention for mention in found if not _answered_apart(mention, found, spoken))


def _denied_in_general(asked: Found, spoken: Sequence[Heard], index: int) -> bool:
    """Whether what was asked about is denied by its general name: "any swelling of the feet?" - "there is no swelling".

    asked: a concept of the sentence at `index`.
    """
    if not spoken[index].question:
        return False
    for sentence in spoken[index + 1 : index + 1 + _ANSWER_WITHIN]:
        if not sentence.question and sentence.speaker is not Speaker.CLINICIAN:
            for found in find_concepts(sentence.text):
                if found.name in asked.name.split() and is_negated(sentence.text, found.start, found.end):
                    return True
    return False


def _answered_apart(mention: Mention, found: Sequence[Mention], spoken: Sequence[Heard]) -> bool:
    """Whether a yes or no was taken for an answer about a concept that the patient then speaks of in so many words.

    "Did you finish the tablets? Do you have diabetes?" - "Yes, I finished them. I do not have diabetes."
    """
    if not spoken[mention.sentence].question:
        return False
    said = (m for m in found if m.found.name == mention.found.name and not spoken[m.sentence].question)
    return any(0 < m.sentence - mention.sentence <= _ANSWER_WITHIN for m in said)


def tells_of_self(spoken: Sequence[Heard]) -> bool:
    """Whether a patient tells a finding as their own ("I have a cough"): their "my father has …" is then of another.

    Where nobody does, "my father" may be the patient, and whoever speaks a companion.
    """
    return any(
        sentence.speaker is Speaker.PATIENT
        and not sentence.question
        and cue("own").search(sentence.text)
        and any(
            found.kind == "symptom" and experiencer(sentence.text, found.start, found.end) is Experiencer.PATIENT
            for found in find_concepts(sentence.text)
        )
        for sentence in spoken
    )


def whose(concept: Found, sentence: Heard, of_self: bool) -> Experiencer:
    """Whom a concept of a sentence is about. A companion's "my husband" is the patient.

    of_self: as `tells_of_self` has it. A relative's finding of today is the patient's otherwise, and so is a symptom.
    """
    said = experiencer(sentence.text, concept.start, concept.end)
    if sentence.speaker is Speaker.COMPANION and "family" not in sentence.text:
        return Experiencer.PATIENT
    if concept.kind == "condition" and of_the_dead(sentence.text, concept.start):
        return Experiencer.HISTORY  # whoever died is not the patient
    if said is not Experiencer.RELATIVE:
        return said
    if not (of_self and sentence.speaker is Speaker.PATIENT and concept.kind == "condition"):
        return Experiencer.PATIENT
    return Experiencer.HISTORY if blood_relative(sentence.text, concept.start) else Experiencer.RELATIVE


def _denied(concept: Found, sentence: Heard) -> bool | None:
    """True when denied, False when affirmed, None when the sentence says neither."""
    if hypothetical(sentence.text, concept.start):
        return None
    if sentence.speaker is Speaker.CLINICIAN and not sentence.question and not cue("summary").search(sentence.text):
        return None
    negated = is_negated(sentence.text, concept.start, concept.end)
    if not sentence.question:
        return negated
    if sentence.reply in (Answer.YES, Answer.NO):
        # "No blood in it?" is confirmed by "yes" and by "no" alike.
        return negated or sentence.reply is Answer.NO
    return None


def hypothetical(text: str, start: int) -> bool:
    """Whether what stands at `start` of a normalised sentence is only a possibility.

    >>> hypothetical("if you get any chest pain, call us", 15), hypothetical("i get chest pain", 6)
    (True, False)
    """
    return bool(cue("hypothetical").search(text, 0, start)) or is_imagined(text, start, start + 1)
