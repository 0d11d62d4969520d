"""Errors of a transcript against what was said: pure functions, reference first, counts returned.

Conventions: an empty reference leaves a rate undefined (value None), and words heard where nobody spoke are counted
apart (`words_heard`). Rates may pass 1, since insertions count. Cards: eval/cards/. Normalisation: transcript_text.py.
Terms, medicines and denials are found with the shared lexicons, English ones first of all: on other languages' native
text these rates are undefined unless an English reference exists.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from rapidfuzz.distance import Levenshtein

from vaidya.evaluation.rate import Rate
from vaidya.evaluation.transcript_text import spoken_line, spoken_words
from vaidya.language import is_negated, normalise, numbers, sentences
from vaidya.note.extract.lexicon import find_concepts, find_drugs
from vaidya.transcript.scripts import letters

TERM_KINDS = frozenset({"symptom", "condition", "exam", "allergen"})


def word_errors(reference: str, hypothesis: str, language: str | None = None) -> Rate:
    """Substitutions, deletions and insertions over reference words (WER). Lower is better.

    >>> word_errors("no pain in my chest", "pain in my chest today", "en")
    Rate(errors=2, total=5)
    """
    return _edits(spoken_words(reference, language), spoken_words(hypothesis, language))


def character_errors(reference: str, hypothesis: str, language: str | None = None) -> Rate:
    """Edits over reference code points, single spaces and combining marks included (CER). Lower is better.

    >>> character_errors("दवा", "दव", "hi")
    Rate(errors=1, total=3)
    """
    return _edits(spoken_line(reference, language), spoken_line(hypothesis, language))


def _edits(reference: "tuple[str, ...] | str", hypothesis: "tuple[str, ...] | str") -> Rate:
    if not reference:
        return Rate(0, 0)
    return Rate(Levenshtein.distance(reference, hypothesis), len(reference))


def words_heard(hypothesis: str, minutes: float) -> Rate:
    """Words over minutes of a recording in which nobody spoke: every one was invented. Lower is better.

    >>> words_heard("Thank you.", minutes=0.5).value
    4.0
    """
    return Rate(len(spoken_words(hypothesis)), minutes)


def term_errors(reference: str, hypothesis: str) -> Rate:
    """Medical terms of the reference that the hypothesis lacks, over those of the reference. Lower is better.

    A term is a concept of the shared lexicon (symptom, condition and the like); another wording of it counts as kept.

    >>> term_errors("chest pain and a cough since Monday", "just pain and a cough since Monday")
    Rate(errors=1, total=2)
    """
    return _missing(reference, hypothesis, _terms)


def drug_errors(reference: str, hypothesis: str) -> Rate:
    """Medicines named in the reference that the hypothesis lacks, over those named. Lower is better.

    >>> drug_errors("metformin and aspirin", "met for min and aspirin")
    Rate(errors=1, total=2)
    """
    return _missing(reference, hypothesis, lambda text: (found.name for found in find_drugs(text)))


def number_errors(reference: str, hypothesis: str) -> Rate:
    """Numbers with a unit that the hypothesis lacks or has otherwise, over those of the reference. Lower is better.

    >>> number_errors("500 mg for two weeks", "five hundred milligrams for ten weeks")
    Rate(errors=1, total=2)
    """
    return _missing(reference, hypothesis, lambda text: ((q.value, q.unit) for q in numbers(text) if q.unit))


def negation_errors(reference: str, hypothesis: str) -> Rate:
    """Medical terms that both have and one denies, over the terms that both have. Lower is better.

    >>> negation_errors("no fever but a cough", "fever but a cough")
    Rate(errors=1, total=2)
    """
    wanted, heard = _polarities(reference), _polarities(hypothesis)
    shared = wanted.keys() & heard.keys()
    return Rate(sum(wanted[name] != heard[name] for name in shared), len(shared))


def script_errors(text: str, language: str) -> Rate:
    """Letters that are not in the language's script, over all letters; undefined for an unlisted language.

    >>> script_errors("बुखार hai", "hi")
    Rate(errors=3, total=6)
    """
    counted = letters(text, language)
    return Rate(counted[1] - counted[0], counted[1]) if counted else Rate(0, 0)


def language_error(reference: str | None, detected: str | None) -> Rate:
    """1 of 1 when the language was taken for another one, or not found; undefined without a reference.

    >>> language_error("hi", "ur"), language_error(None, "en")
    (Rate(errors=1, total=1), Rate(errors=0, total=0))
    """
    return Rate(0, 0) if reference is None else Rate(int(reference != detected), 1)


def _terms(text: str) -> Iterable[str]:
    found = (found for sentence in sentences(text) for found in find_concepts(sentence.text))
    return (found.name for found in found if found.kind in TERM_KINDS)


def _missing(reference: str, hypothesis: str, found_in: Callable[[str], Iterable[Hashable]]) -> Rate:
    """Findings of the reference that the hypothesis has less often."""
    wanted, heard = Counter(found_in(normalise(reference))), Counter(found_in(normalise(hypothesis)))
    return Rate(sum((wanted - heard).values()), sum(wanted.values()))


def _polarities(text: str) -> dict[str, frozenset[bool]]:
    """For each term, whether it is denied, affirmed or both."""
    found: dict[str, set[bool]] = {}
    for sentence in sentences(normalise(text)):
        for term in find_concepts(sentence.text):
            if term.kind in TERM_KINDS:
                found.setdefault(term.name, set()).add(is_negated(sentence.text, term.start, term.end))
    return {name: frozenset(sides) for name, sides in found.items()}
