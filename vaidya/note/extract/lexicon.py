"""Finding concepts and medicines in a sentence: phrases matched on word stems, fillers skipped.

The lists are `concepts.yaml` and `drugs.yaml`. Matching prefers the longest phrase and gives each word once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

import yaml

from vaidya.language import normalise, stem
from vaidya.note.cues import word_set

_TOKEN = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0900-\u0dff'-](?=[\w\u0900-\u0dff])|[\u0900-\u0dff])*")
_WORD = re.compile(r"\b[a-z]{6,}\b")
# A word that is no medicine's name stands for the listed one that it resembles so much, and more than any other
# (optimal string alignment over the longer length). Of the 6,393 words of six letters or more in five sets of dialogues
# (MTS-Dialog, ACI-Bench spoken and recognised, PriMock57, OSCE-272) twelve do: seven are medicines misspelt or
# misheard, the others "ability" and forms of "inhale" and "nebulise", which are excepted.
NEAR = 0.84
_IGNORED = "ignore"  # phrases that only contain a concept's word
# Forms with a meaning of their own: "bloods" are a test, blood is a sign; "burning" is felt, a burn is an injury.
_AS_WRITTEN = frozenset({"bloods", "burning"})
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A concept in a text: its kind and name, where (offsets are of the normalised text), and the words themselves.

    unsure: the words are not the name, only near it.
    """

    kind: str
    name: str
    start: int
    end: int
    said: str = ""
    unsure: bool = False


def _tokens(text: str) -> list[tuple[str, int, int]]:
    spans = ((m.group().removesuffix("'s"), m.start(), m.end()) for m in _TOKEN.finditer(text))
    return [
        (word if word in _AS_WRITTEN else stem(word), start, end)
        for word, start, end in spans
        if word not in word_set("fillers")
    ]


def _read(name: str) -> dict[str, object]:
    return yaml.safe_load((resources.files("vaidya.note.extract") / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[tuple[Phrase, str, str]]]:
    """Every phrase by its first stem, longest first: (stems, kind, name)."""
    index: dict[str, set[tuple[Phrase, str, str]]] = {}
    for kind, name, phrase in _entries():
        stems = tuple(token for token, _, _ in _tokens(normalise(phrase)))
        index.setdefault(stems[0], set()).add((stems, kind, name))
    return {first: sorted(entries, key=lambda entry: -len(entry[0])) for first, entries in index.items()}


def _entries() -> Iterator[tuple[str, str, str]]:
    for kind, concepts in _read("concepts.yaml").items():
        for name, phrases in concepts.items():  # type: ignore[attr-defined]
            yield from ((kind, name, phrase) for phrase in phrases)


@lru_cache(maxsize=1)
def drug_names() -> frozenset[str]:
    """Every listed medicine, in lower case; some have two words."""
    lists = _drug_lists()
    return frozenset(name for key in lists.keys() - {"stems", "not_drugs", "not_near"} for name in lists[key])


@lru_cache(maxsize=1)
def _drug_lists() -> dict[str, list[str]]:
    return _read("drugs.yaml")  # type: ignore[return-value]


@lru_cache(maxsize=1)
def _drug_pattern() -> re.Pattern[str]:
    listed = "|".join(sorted((re.escape(name) for name in drug_names()), key=len, reverse=True))
    stems = "|".join(_drug_lists()["stems"])
    return re.compile(rf"\b(?:(?:{listed})s?|[a-z]{{3,}}(?:{stems}))\b")


@lru_cache(maxsize=8_192)
def find_drugs(text: str) -> tuple[Found, ...]:
    """Medicines named in a normalised text, by list or by INN stem.

    >>> [f.name for f in find_drugs("i take metformin and something called zofenopril")]
    ['metformin', 'zofenopril']
    """
    spared = _drug_lists()["not_drugs"]
    return tuple(
        Found("medicine", _singular(m.group()), m.start(), m.end())
        for m in _drug_pattern().finditer(text)
        if m.group() not in spared
    )


@lru_cache(maxsize=8_192)
def heard_drugs(text: str) -> tuple[Found, ...]:
    """As `find_drugs`, and what was misheard or misspelt under the name that it is near, unsure.

    Not for judging a transcript or a note: there a name has to be right.

    >>> [(f.name, f.unsure) for f in heard_drugs("allergic to amyxicillin, takes metformin and salbutamo")]
    [('amoxicillin', True), ('metformin', False), ('salbutamol', True)]
    """
    found = [_sure(drug) for drug in find_drugs(text)]
    taken = [range(drug.start, drug.end) for drug in found]
    for word in _WORD.finditer(text):
        near = None if any(word.start() in span for span in taken) else _near(word.group())
        if near is not None:
            found.append(Found("medicine", near, word.start(), word.end(), word.group(), unsure=True))
    return tuple(sorted(found, key=lambda drug: drug.start))


def _sure(drug: Found) -> Found:
    """A medicine found by its INN stem alone may be another one, misheard."""
    near = None if drug.name in drug_names() else _near(drug.name)
    return drug if near is None else replace(drug, name=near, said=drug.name, unsure=True)


@lru_cache(maxsize=8_192)
def _near(word: str) -> str | None:
    """The listed name that a word is near; None where it is one itself, or near none, or near several."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if word in drug_names() or word.removesuffix("s") in drug_names() or word in _not_near():
        return None
    best = process.extract(word, _single_names(), scorer=OSA.normalized_similarity, limit=2)
    (name, first, _), (_, second, _) = best
    return name if first >= NEAR and first > second else None


@lru_cache(maxsize=1)
def _single_names() -> tuple[str, ...]:
    return tuple(sorted(name for name in drug_names() if _WORD.fullmatch(name)))


@lru_cache(maxsize=1)
def _not_near() -> frozenset[str]:
    return frozenset(_drug_lists()["not_near"])


def _singular(name: str) -> str:
    return name.removesuffix("s") if name.removesuffix("s") in drug_names() else name


@lru_cache(maxsize=8_192)
def find_concepts(text: str) -> tuple[Found, ...]:
    """Concepts in a normalised sentence, in order; a word belongs to one phrase of each kind at most.

    >>> [(f.kind, f.name) for f in find_concepts("i've got a pain in my chest and high blood pressure")]
    [('symptom', 'chest pain'), ('condition', 'hypertension')]
    """
    tokens = _tokens(text)
    found: list[Found] = []
    for position, (first, start, _) in enumerate(tokens):
        for stems, kind, name in _phrases().get(first, ()):
            length = len(stems)
            if tuple(token for token, _, _ in tokens[position : position + length]) == stems:
                end = tokens[position + length - 1][2]
                found.append(Found(kind, name, start, end, text[start:end]))
    return tuple(one for one in _without_overlaps(found) if one.name != _IGNORED)


def _without_overlaps(found: list[Found]) -> Iterator[Found]:
    """The longest of overlapping finds of a kind: "coughing up blood" is not also a cough."""
    for one in found:
        longer = (
            other
            for other in found
            if other.kind == one.kind
            and other is not one
            and other.start < one.end
            and one.start < other.end
            and (other.end - other.start, -other.start) > (one.end - one.start, -one.start)
        )
        if next(longer, None) is None:
            yield one
