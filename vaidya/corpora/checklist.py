"""PriMock57's fact checklists -> facts: one list a consultation, from one or two clinicians.

Each clinician listed what a note of the consultation must hold, as a tree ("Diarrhoea" > "3 days"), and marked each
entry critical, non-critical or irrelevant. Here:

- the union of the clinicians' lists, because an omission is the harm; entries of two clinicians that mean the same are
  one fact, with both wordings as alternatives;
- critical when at least half of the clinicians who named it said so; irrelevant entries are left out;
- an entry of the tree carries its ancestors in `text` ("Diarrhoea: 3 days"), so that it can be understood alone, while
  `any_of` holds the wordings of the entry itself;
- a leading "no", "nil", "not", "denies" … makes it a negated fact.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz import fuzz

from vaidya.corpora.lines import Row
from vaidya.schema import Fact
from vaidya.schema.note import SectionName

# Two clinicians mean one fact when the entries share most words (0-100, token-set ratio), and so do the entries with
# their ancestors, less strictly: "no blood" under vomiting is not "no blood" under diarrhoea.
SAME_ENTRY = 85.0
SAME_CONTEXT = 70.0

_EXAMINATION = re.compile(r"^(o/?e|exam)", re.IGNORECASE)
_NEGATION = re.compile(
    r"^(no|nil|not|non|none|never|denies|without|nor|doesn'?t|does not|didn'?t|hasn'?t)\b[\s-]*", re.IGNORECASE
)
_NUMBER_UNIT = re.compile(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", re.IGNORECASE)

# What clinicians in the United Kingdom write, and a note may spell out.
ABBREVIATIONS = {
    "nkda": "no known drug allergies",
    "nad": "no abnormality detected",
    "dib": "difficulty in breathing",
    "sob": "shortness of breath",
    "bo": "bowels open",
    "pu": "passing urine",
    "luts": "lower urinary tract symptoms",
    "otc": "over the counter",
    "htn": "hypertension",
    "t2dm": "type 2 diabetes",
    "uti": "urinary tract infection",
    "prn": "as required",
    "od": "once daily",
    "bd": "twice daily",
    "tds": "three times daily",
}


class Entry(Row):
    """One line of a clinician's checklist; depth 0 stands at the left margin."""

    section: str | None = None
    depth: int = 0
    fact: str
    importance: Literal["critical", "non_critical", "irrelevant"]


@dataclass(slots=True)
class _Merged:
    """A fact while the lists are being joined: its wordings, and each clinician's judgement of it."""

    text: str
    section: SectionName
    negated: bool
    wordings: list[str] = field(default_factory=list)
    critical: list[bool] = field(default_factory=list)


def facts_of(checklists: Mapping[str, Sequence[Entry]]) -> tuple[Fact, ...]:
    """The facts of one consultation, in the order in which the first clinician named them."""
    merged: list[_Merged] = []
    for entries in checklists.values():
        named_before = tuple(merged)
        for text, entry in _with_ancestors(entries):
            if entry.importance != "irrelevant":
                _add(merged, named_before, text, entry)
    return tuple(_fact(item) for item in merged)


def _with_ancestors(entries: Sequence[Entry]) -> list[tuple[str, Entry]]:
    path: list[tuple[int, str]] = []
    found = []
    for entry in entries:
        path = [(depth, text) for depth, text in path if depth < entry.depth]
        path.append((entry.depth, entry.fact.strip()))
        found.append((": ".join(text for _, text in path), entry))
    return found


def _add(merged: list[_Merged], named_before: Sequence[_Merged], text: str, entry: Entry) -> None:
    wording, negated = read_wording(entry.fact)
    if not wording:
        return
    section: SectionName = "objective" if _EXAMINATION.match((entry.section or "").strip()) else "subjective"
    same = next((item for item in named_before if item.negated == negated and _same(item, wording, text)), None)
    if same is None:
        same = _Merged(text, section, negated)
        merged.append(same)
    if wording not in same.wordings:
        same.wordings.append(wording)
    same.critical.append(entry.importance == "critical")


def _same(item: _Merged, wording: str, text: str) -> bool:
    alike = max(fuzz.token_set_ratio(wording, known) for known in item.wordings) >= SAME_ENTRY
    return alike and fuzz.token_set_ratio(_words(text), _words(item.text)) >= SAME_CONTEXT


def _words(text: str) -> str:
    return _normal(text.replace(":", " "))


def read_wording(text: str) -> tuple[str, bool]:
    """What a note may say, in lower case, and whether the entry denies it.

    >>> read_wording("No blood in stool"), read_wording("3days"), read_wording("NKDA")
    (('blood in stool', True), ('3 days', False), ('known drug allergies', True))
    """
    words = _normal(text)
    bare = _NEGATION.sub("", words)
    return (bare, True) if bare != words and bare else (words, False)


def _normal(text: str) -> str:
    spaced = _NUMBER_UNIT.sub(" ", text.strip().strip("-–*,.").lower()) if not text.isupper() else text.strip().lower()
    return " ".join(ABBREVIATIONS.get(word, word) for word in spaced.split())


def _fact(item: _Merged) -> Fact:
    critical = 2 * sum(item.critical) >= len(item.critical)
    return Fact(
        text=item.text, section=item.section, critical=critical, any_of=tuple(item.wordings), negated=item.negated
    )
