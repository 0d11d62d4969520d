"""Durations, and vital signs and amounts spoken aloud."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vaidya.language import Answer, Experiencer, is_negated, to_digits
from vaidya.note.cues import cue
from vaidya.note.extract.facts import ExtractedFact, FactKind, capital
from vaidya.note.extract.lexicon import Found, find_concepts
from vaidya.note.extract.mentions import hypothetical, tells_of_self, whose
from vaidya.note.heard import Heard
from vaidya.schema import Speaker

# Spoken vital signs: name, the words that announce it, the number as groups, and how a note writes it.
_NO_TIME = r"(?! ?(?:days?|weeks?|hours?|months?|years?|times?))"
_SPOKEN = (
    ("blood pressure", r"blood pressure|bp|pressure", r"(\d{2,3}) ?(?:over|/) ?(\d{2,3})", "{0}/{1} mmHg"),
    ("temperature", r"temperature|temp|fever", rf"(\d{{2,3}}(?:\.\d)?)\b{_NO_TIME}", "{0}"),
    ("SpO2", r"oxygen|saturation|sats|spo2|o2", r"(\d{2,3})", "{0} %"),
    ("pulse", r"pulse|heart rate", r"(\d{2,3})", "{0} /min"),
    ("respirations", r"respiratory rate|respirations|breathing rate", r"(\d{1,2})", "{0} /min"),
    ("blood sugar", r"sugars?|glucose|a1c|hba1c", rf"(\d{{1,3}}(?:\.\d)?)\b{_NO_TIME}", "{0}"),
    ("weight", r"weighs?|weight", r"(\d{2,3}(?:\.\d)?) ?(kg|kilos?|kilograms?|pounds?|lbs?)", "{0} {1}"),
)
_VITALS = tuple(
    (name, re.compile(rf"\b(?:{announced})\b\D{{0,30}}?\b{number}\b"), form)
    for name, announced, number, form in _SPOKEN
)
_OPENING = 4  # sentences
_PAIN = ("pain score", re.compile(r"\b(\d{1,2}) ?(?:out of|/) ?10\b"), "{0} of 10")


def measure_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """Every duration and every vital sign spoken aloud."""
    of_self = tells_of_self(spoken)
    return tuple(
        fact
        for index, sentence in enumerate(spoken)
        for fact in (*_durations(spoken, index, of_self), *_vitals(sentence))
    )


def _durations(spoken: Sequence[Heard], index: int, of_self: bool) -> Iterator[ExtractedFact]:
    text = to_digits(spoken[index].text)
    sentence = replace(spoken[index], text=text)  # so that every place in it is counted in the same letters
    findings = _findings(text)
    unconfirmed = sentence.question and sentence.reply is not Answer.YES
    if unconfirmed or (sentence.speaker is Speaker.CLINICIAN and cue("not_duration").search(text)):
        return
    for match in cue("duration").finditer(text):
        nearby = text[match.start() : match.end() + 8]
        if not cue("not_duration").search(nearby) and not hypothetical(text, match.start()):
            nearest = _nearest(findings, match.start())
            if nearest and not _present(nearest, sentence, of_self):
                continue  # the time of what is denied, or of a relative's illness
            about = nearest.name if nearest else _asked(spoken, index)
            if about is None and not _opens_or_answers(spoken, index):
                continue
            said = match.group().strip().replace("0.5 hour", "half an hour")
            wording = f"{capital(about)}: {said}" if about else f"Time course: {said}"
            yield ExtractedFact(FactKind.DURATION, said, wording, False, "subjective", sentence.evidence)


def _opens_or_answers(spoken: Sequence[Heard], index: int) -> bool:
    """Whether a time without a finding beside it is likely the illness's: it opens the story or answers a question."""
    return index < _OPENING or spoken[index].answers is not None


def _present(found: Found, sentence: Heard, of_self: bool) -> bool:
    """Whether a finding is this patient's own, and not denied."""
    own = whose(found, sentence, of_self) is Experiencer.PATIENT
    return own and not is_negated(sentence.text, found.start, found.end)


def _nearest(found: Sequence[Found], at: int) -> Found | None:
    """What of a sentence a duration at `at` belongs to."""
    return min(found, key=lambda one: min(abs(one.start - at), abs(one.end - at)), default=None)


def _asked(spoken: Sequence[Heard], index: int) -> str | None:
    """What the question was about that a sentence answers, unless the same turn then denies it."""
    asked = spoken[index].answers
    about = _findings(spoken[asked].text) if asked is not None else []
    if not about:
        return None
    turn = [sentence.text for sentence in spoken if sentence.segment == spoken[index].segment]
    denied = {f.name for text in turn for f in _findings(text) if is_negated(text, f.start, f.end)}
    return None if about[0].name in denied else about[0].name


def _findings(text: str) -> list[Found]:
    return [found for found in find_concepts(text) if found.kind in ("symptom", "condition", "pregnancy")]


def _vitals(sentence: Heard) -> Iterator[ExtractedFact]:
    text = to_digits(sentence.text)
    if sentence.question and sentence.reply is not Answer.YES:
        return
    for name, pattern, form in (*_VITALS, _PAIN):
        for match in pattern.finditer(text):
            if not hypothetical(text, match.start()):
                yield _vital(sentence, name, form.format(*match.groups()))


def _vital(sentence: Heard, name: str, value: str) -> ExtractedFact:
    """Read out by a clinician it is a finding; told by the patient it is history."""
    clinician = sentence.speaker is Speaker.CLINICIAN
    wording = f"{capital(name)} {value} ({'as said' if clinician else 'patient reports'})"
    return ExtractedFact(
        FactKind.VITAL, name, wording, False, "objective" if clinician else "subjective", sentence.evidence
    )
