"""Medicines with dose and frequency, allergies, and what a clinician prescribes aloud."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vaidya.language import Answer, is_negated, to_digits
from vaidya.note.cues import cue
from vaidya.note.extract.facts import ExtractedFact, FactKind, capital
from vaidya.note.extract.lexicon import Found, find_concepts, heard_drugs
from vaidya.note.extract.mentions import hypothetical
from vaidya.note.heard import Heard
from vaidya.schema import SectionName, Speaker

_STOPPED = re.compile(
    r"\b(?:stopped|ran out of|run out of|forgot|missed|skipped|quit|came off|off) (?:taking |my |the |using )*\W*$"
)
_DEVICES = ("inhaler", "nebuliser", "nebulizer")
_REACH = 45  # characters after a name within which its dose and frequency stand


def medicine_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """Every medicine taken, stopped, or prescribed aloud; what is only asked about is left out."""
    return tuple(fact for sentence in spoken for fact in _in_sentence(sentence))


def _in_sentence(sentence: Heard) -> Iterator[ExtractedFact]:
    text = to_digits(sentence.text)
    if cue("allergy").search(text) or (sentence.question and sentence.reply is not Answer.YES):
        return
    drugs = _with_devices(heard_drugs(text), text)
    for place, drug in enumerate(drugs):
        if hypothetical(text, drug.start):
            continue
        yield _medicine(sentence, text, drug, _bounds(drugs, place, text))


def _with_devices(drugs: Sequence[Found], text: str) -> list[Found]:
    """Medicines with the device they come in: a salbutamol inhaler is one medicine, not two."""
    joined: list[Found] = []
    for drug in drugs:
        if joined and drug.name in _DEVICES and not text[joined[-1].end : drug.start].strip():
            joined[-1] = replace(joined[-1], name=f"{joined[-1].name} {drug.name}", end=drug.end)
        else:
            joined.append(drug)
    return joined


def _medicine(sentence: Heard, text: str, drug: Found, bounds: tuple[int, int]) -> ExtractedFact:
    denied = is_negated(text, drug.start, drug.end) or bool(_STOPPED.search(text[: drug.start]))
    planned = (
        sentence.speaker is Speaker.CLINICIAN and not sentence.question and cue("prescribes").search(text) is not None
    )
    name = _name(drug)
    said = capital(f"{name} {_dosing(text, drug, bounds)}".strip())
    wording = f"Not taking {name}" if denied else said
    kind = FactKind.PLAN if planned else FactKind.MEDICINE
    text = f"Medicine: {wording}" if kind is FactKind.MEDICINE and not denied else wording
    section: SectionName = "plan" if planned else "subjective"
    return ExtractedFact(kind, drug.name, text, denied, section, sentence.evidence, drug.unsure)


def _name(drug: Found) -> str:
    """A name as a note gives it: with a question mark where it was not clearly heard."""
    return f"{drug.name} (?)" if drug.unsure else drug.name


def _dosing(text: str, drug: Found, bounds: tuple[int, int]) -> str:
    """Dose and frequency that stand by a name and by no other medicine's."""
    after = text[drug.end : min(bounds[1], drug.end + _REACH)]
    dose = cue("dose").search(after) or _dose_before(text[bounds[0] : drug.start])
    frequency = cue("frequency").search(after)
    return " ".join(match.group() for match in (dose, frequency) if match)


def _dose_before(text: str) -> re.Match[str] | None:
    """A dose right before the name ("500 mg of", "two tablets of"): one further off is another medicine's."""
    doses = list(cue("dose").finditer(text))
    return doses[-1] if doses and text[doses[-1].end() :].strip() in ("", "of", "of the", "of my") else None


def dosing(text: str) -> dict[str, str]:
    """Dose and frequency of each medicine named in a text in normal form, as far as they stand beside its name.

    >>> dosing("metformin 500 mg twice a day and amlodipine")
    {'metformin': '500 mg twice a day', 'amlodipine': ''}
    """
    digits = to_digits(text)
    drugs = _with_devices(heard_drugs(digits), digits)
    return {drug.name: _dosing(digits, drug, _bounds(drugs, place, digits)) for place, drug in enumerate(drugs)}


def _bounds(drugs: Sequence[Found], place: int, text: str) -> tuple[int, int]:
    """From the end of the medicine before to the start of the one after."""
    before = drugs[place - 1].end if place else 0
    return before, drugs[place + 1].start if place + 1 < len(drugs) else len(text)


def allergy_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """Allergies by name, and "no known allergies" where that was said and none is named."""
    named: list[ExtractedFact] = []
    denials: list[ExtractedFact] = []
    for index, sentence in enumerate(spoken):
        if cue("allergy").search(sentence.text):
            named.extend(_allergens(sentence, sentence.text))
            named.extend(_answered(spoken, index))
            if _denies(sentence):
                denials.append(_no_allergies(sentence))
    return tuple(named) or tuple(denials[:1])


def _allergens(sentence: Heard, text: str) -> Iterator[ExtractedFact]:
    """What a statement, or a question confirmed, is about; "not allergic to penicillin" gives none."""
    if sentence.question and sentence.reply is not Answer.YES:
        return
    for found in (*heard_drugs(text), *find_concepts(text)):
        if found.kind in ("medicine", "allergen") and not is_negated(text, found.start, found.end):
            yield _allergy(found, sentence.evidence)


def _answered(spoken: Sequence[Heard], index: int) -> Iterator[ExtractedFact]:
    """Allergens that a reply names: "any allergies?" - "penicillin"."""
    if not spoken[index].question:
        return
    for reply in spoken[index + 1 : index + 4]:
        if reply.segment == spoken[index].answered_in:
            for found in (*heard_drugs(reply.text), *find_concepts(reply.text)):
                if found.kind in ("medicine", "allergen") and not is_negated(reply.text, found.start, found.end):
                    yield _allergy(found, spoken[index].evidence)


def _allergy(found: Found, evidence: tuple[str, ...]) -> ExtractedFact:
    text = f"Allergy: {_name(found)}"
    return ExtractedFact(FactKind.ALLERGY, found.name, text, False, "subjective", evidence, found.unsure)


def _denies(sentence: Heard) -> bool:
    return sentence.reply is Answer.NO if sentence.question else bool(cue("no_allergy").search(sentence.text))


def _no_allergies(sentence: Heard) -> ExtractedFact:
    return ExtractedFact(FactKind.ALLERGY, "none", "No known allergies", True, "subjective", sentence.evidence)
