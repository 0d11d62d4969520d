"""What lexicons do not name: the patient's own sentences that carry detail, and questions answered yes or no.

Onset, character, site, course, what helps, circumstances: free speech, so it is quoted, not classified. A long
consultation gives its most telling sentences only.
"""

import re
from collections.abc import Iterator, Sequence

from vaidya.language import Answer, content_words, has_negation
from vaidya.note.cues import cue
from vaidya.note.extract.facts import ExtractedFact, FactKind, capital, spelt
from vaidya.note.extract.lexicon import find_concepts
from vaidya.note.heard import Heard
from vaidya.schema import Speaker

MOST_DETAILS = 20
LONGEST_DETAIL = 180  # characters
LONGEST_QUESTION = 80
_FEWEST_WORDS = 2
# "any other problems I should know about"; what else speaks of whoever asks is about the talk, not about the patient.
_ASIDE = re.compile(r",? (?:that )?(?:i|we) (?:should|might|may|need to)\b.*")
_OF_THE_ASKER = re.compile(r"\b(?:i|i'm|i've|i'll|me|my|we|we're|us|our)\b")
_THIRD_PERSON = {"yourself": "themselves", "you're": "they are", "yours": "theirs", "your": "their", "you": "they"}
_SECOND_PERSON = re.compile(rf"\b(?:{'|'.join(_THIRD_PERSON)})\b")
_HESITATION = re.compile(r"\b(?:um+|uh+|er+|erm+|hmm+|mm-?hmm+|you know|i mean|yeah|yes|well|so|like),? +")


def detail_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """The most telling sentences and answers, in the order in which they were said."""
    found = [pair for index in range(len(spoken)) for pair in _candidates(spoken, index)]
    best = sorted(range(len(found)), key=lambda i: -found[i][0])[:MOST_DETAILS]
    return tuple(found[i][1] for i in sorted(best))


def _candidates(spoken: Sequence[Heard], index: int) -> Iterator[tuple[float, ExtractedFact]]:
    sentence = spoken[index]
    if sentence.question and sentence.reply in (Answer.YES, Answer.NO):
        yield from _answered(sentence, _reply_to(spoken, index), alone=len(_asked_with(spoken, index)) == 1)
    elif not sentence.question and sentence.speaker is not Speaker.CLINICIAN:
        yield from _told(sentence, _only_question(spoken, sentence.answers))


def _only_question(spoken: Sequence[Heard], index: int | None) -> Heard | None:
    """The question answered; None where several were asked, since nothing tells which of them a reply is to."""
    asked = _asked_with(spoken, index) if index is not None else []
    return asked[0] if len(asked) == 1 else None


def _asked_with(spoken: Sequence[Heard], index: int) -> list[Heard]:
    """The question at `index` and those asked with it: in its turn, or right before or after it."""
    first = last = index
    while first > 0 and spoken[first - 1].question:
        first -= 1
    while last + 1 < len(spoken) and spoken[last + 1].question:
        last += 1
    turn = spoken[index].segment
    return [s for i, s in enumerate(spoken) if s.question and (first <= i <= last or s.segment == turn)]


def _reply_to(spoken: Sequence[Heard], index: int) -> str:
    return next((sentence.text for sentence in spoken[index:] if sentence.answers == index), "")


def _answered(question: Heard, reply: str, alone: bool) -> Iterator[tuple[float, ExtractedFact]]:
    """A question answered yes or no, as a statement: "have you had any travel?" - "no" gives "Denies any travel".

    A reply that says more than yes or no is quoted instead; one that says anything more answers one of several things
    asked: "any fever, or anything coming up?" - "no fever".
    """
    asked = _ASIDE.sub("", _HESITATION.sub("", _asked_for(question.text))).strip("?., ")
    able = cue("ability_question").search(question.text) is not None
    denied = question.reply is Answer.NO
    says_more = len(content_words(reply)) >= _FEWEST_WORDS
    fewest = 1 if denied else _FEWEST_WORDS
    says_more |= bool(content_words(reply)) and (not alone or " or " in asked)
    too_little, too_much = len(content_words(asked)) < fewest, len(asked) > LONGEST_QUESTION
    if says_more or too_little or too_much or "allerg" in asked or _OF_THE_ASKER.search(asked):
        return
    score = 1.0 + len(cue("detail").findall(asked))
    verb = {(True, True): "Cannot", (True, False): "Can", (False, True): "Denies", (False, False): "Confirms"}
    wording = f"{verb[able, denied]} {_in_third_person(asked)}"
    yield score, ExtractedFact(FactKind.DETAIL, asked, wording, denied, "subjective", question.evidence)


def _in_third_person(asked: str) -> str:
    """What a patient was asked, as it is told of them: "thoughts of harming yourself" is "… themselves"."""
    return _SECOND_PERSON.sub(lambda found: _THIRD_PERSON[found.group()], asked)


def _asked_for(text: str) -> str:
    """What a yes-or-no question asks for; empty where its form does not tell."""
    openings = (cue("question_opening"), cue("ability_question"))
    starts = [match.end() for opening in openings for match in opening.finditer(text)]
    starts += [match.start() for match in re.finditer(r"\bany\b", text)][-1:]
    return text[max(starts) :].strip("?., ") if starts else ""


def _told(sentence: Heard, question: Heard | None) -> Iterator[tuple[float, ExtractedFact]]:
    """A statement of the patient's side, quoted; a short reply with what was asked before it."""
    text = _HESITATION.sub("", sentence.text).strip()
    said = content_words(text)
    meaning = len(said) + has_negation(text) + (cue("when").search(text) is not None)
    asked = _asked_for(question.text) if question is not None and meaning <= _FEWEST_WORDS else ""
    if set(said) & set(content_words(asked)):
        asked = ""  # "no fever" says itself what it denies
    if not meaning or (meaning < _FEWEST_WORDS and not asked):
        return
    score = len(cue("detail").findall(text)) + len(find_concepts(text)) + sum(c.isdigit() for c in text) + 0.1 * meaning
    quoted = f'"{spelt(text[:LONGEST_DETAIL])}"'
    wording = f"{capital(asked[:LONGEST_QUESTION])}: {quoted}" if asked else quoted
    evidence = (*(question.evidence if question else ()), f"segment:{sentence.segment}")
    name = f"{asked} {text}".strip()
    yield score, ExtractedFact(FactKind.DETAIL, name, wording, False, "subjective", tuple(dict.fromkeys(evidence)))
