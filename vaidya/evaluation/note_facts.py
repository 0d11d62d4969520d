"""Critical facts that a note leaves out, and where it puts those that it has.

A fact is present when one statement of the note holds one of its wordings (`Fact.any_of`, else its text), denial
agreeing. A wording of one or two content words must be there whole; of a longer one `SHARE` of the stems, numbers
always. What that is worth was measured by `experiments/notes/validate_facts.py`; see
eval/cards/omitted_critical_facts.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vaidya.evaluation.note_text import concepts, figures, in_english, plain, porter, stems
from vaidya.evaluation.rate import Rate
from vaidya.language import is_negated, words
from vaidya.language.cues import stopwords
from vaidya.schema import Case, Fact, SoapNote

SHARE = 0.67


@dataclass(frozen=True, slots=True)
class Placement:
    """A fact of the reference and the sections in which the note holds it; empty when it is omitted."""

    fact: Fact
    sections: tuple[str, ...]


def placements(case: Case, note: SoapNote) -> tuple[Placement, ...]:
    """Every fact of the case with the sections that hold it. Withheld statements are not part of the note."""
    texts = [(name, in_english(case, statement.text)) for name, statement in note.statements()]
    return tuple(
        Placement(fact, tuple(dict.fromkeys(name for name, text in texts if fact_in(fact, [text]))))
        for fact in case.facts
    )


def omitted_critical_facts(case: Case, note: SoapNote) -> Rate:
    """Share of the critical facts that the note does not hold; undefined without critical facts. Lower is better."""
    critical = [placement for placement in placements(case, note) if placement.fact.critical]
    return Rate(sum(not placement.sections for placement in critical), len(critical))


def omitted_findable_facts(case: Case, note: SoapNote) -> Rate:
    """As `omitted_critical_facts`, over those that the same match finds in the reference turns, two at a time."""
    said = exchanges([turn.english or turn.text for turn in case.turns])
    findable = [p for p in placements(case, note) if p.fact.critical and fact_in(p.fact, said)]
    return Rate(sum(not placement.sections for placement in findable), len(findable))


def exchanges(turns: Sequence[str]) -> list[str]:
    """Each turn with the one after it: a question and its answer say one fact between them.

    >>> exchanges(["Any fever?", "No.", "Good."])
    ['Any fever? No.', 'No. Good.', 'Good.']
    """
    return [" ".join(turns[place : place + 2]) for place in range(len(turns))]


def omitted_facts(case: Case, note: SoapNote) -> Rate:
    """Share of all facts, critical or not, that the note does not hold."""
    found = placements(case, note)
    return Rate(sum(not placement.sections for placement in found), len(found))


def misplaced_facts(case: Case, note: SoapNote) -> Rate:
    """Share of the facts held that stand only in another section than the reference's. Lower is better."""
    held = [placement for placement in placements(case, note) if placement.sections]
    return Rate(sum(placement.fact.section not in placement.sections for placement in held), len(held))


def fact_in(fact: Fact, texts: Iterable[str]) -> bool:
    """Whether one of the texts holds the fact.

    >>> fever = Fact(text="no fever", section="subjective", critical=True, any_of=("fever",), negated=True)
    >>> fact_in(fever, ["Denies fever and chills"]), fact_in(fever, ["Fever for 3 days"])
    (True, False)
    """
    wordings = [plain(wording) for wording in (fact.any_of or (fact.text,))]
    return any(_holds(plain(text), wording, denied=fact.negated) for text in texts for wording in wordings)


def _holds(text: str, wording: str, *, denied: bool) -> bool:
    wanted = stems(wording)
    found = set(stems(text))
    matched = [stem for stem in wanted if stem in found]
    by_words = bool(wanted) and len(matched) >= _needed(len(set(wanted))) and not figures([wording]) - figures([text])
    named = concepts(wording)
    by_concept = bool(named) and named <= concepts(text) and not figures([wording]) - figures([text])
    if not (by_words or by_concept):
        return not wanted and wording in text
    if any(word in wording.split() for word in ("no", "not", "never", "none", "without")):
        return True  # the wording says its own denial, which its words have to match
    return _denied(text, matched) is denied if by_words else _concept_denied(text, named) is denied


def _needed(distinct: int) -> int:
    return distinct if distinct <= 2 else round(SHARE * distinct + 0.49)


def _denied(text: str, matched: Sequence[str]) -> bool:
    """Whether every place where a matched word stands is denied."""
    places, at = [], 0
    for word in words(text):
        start = text.index(word, at)
        at = start + len(word)
        if word not in stopwords() and porter(word.removesuffix("'s")) in matched:
            places.append(is_negated(text, start, at))
    return bool(places) and all(places)


def _concept_denied(text: str, named: frozenset[str]) -> bool:
    from vaidya.note.extract.lexicon import find_concepts

    return all(is_negated(text, found.start, found.end) for found in find_concepts(text) if found.name in named)
