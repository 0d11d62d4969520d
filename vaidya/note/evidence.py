"""Each statement against what was said: which segments carry it, and what in it nobody said.

A statement is compared by its content words and by concepts ("dyspnoea" is carried by "I can't catch my breath");
numbers, medicines, denials and the speaker are checked apart. Rules only: the same input gives the same marks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import regex

from vaidya.language import Experiencer, content_words, is_negated, names_relative, normalise, numbers, to_digits
from vaidya.note.base import NoteInput
from vaidya.note.cues import word_set
from vaidya.note.extract.lexicon import Found, find_concepts, heard_drugs
from vaidya.note.extract.medicines import dosing
from vaidya.note.extract.mentions import Mention, mentions
from vaidya.note.heard import Heard, heard
from vaidya.schema import Origin, SectionName, Speaker, Statement

NO_EVIDENCE = "no_evidence"
UNSUPPORTED_NUMBER = "unsupported_number"
UNSUPPORTED_DRUG = "unsupported_drug"
UNSUPPORTED_DOSE = "unsupported_dose"
UNSUPPORTED_DIAGNOSIS = "unsupported_diagnosis"
UNSAID_FINDING = "unsaid_finding"
UNSURE_NAME = "unsure_name"  # a medicine whose name was not clearly heard; no reason to call a statement unsupported
UNSUPPORTED_PROCEDURE = "unsupported_procedure"
NEGATION_CONFLICT = "negation_conflict"
EXPERIENCER_CONFLICT = "experiencer_conflict"
NOT_SAID_BY_CLINICIAN = "not_said_by_clinician"
FOREIGN_SCRIPT = "foreign_script"

_NOT_LATIN = regex.compile(r"[\p{L}--\p{Script=Latin}]", regex.V1)
_MOST_SENTENCES = 4  # sentences that one statement may rest on
_TIMES = ("once", "twice", "morning", "evening", "night", "weekly")
_CLINICAL = ("symptom", "condition", "pregnancy", "social")


@dataclass(frozen=True)
class Spoken:
    """The input of a note, prepared once for checking many statements. `mentions` are affirmed and denied concepts."""

    source: NoteInput
    sentences: tuple[Heard, ...]

    @classmethod
    def of(cls, source: NoteInput) -> "Spoken":
        """Prepare one input."""
        return cls(source, heard(source.transcript))

    @cached_property
    def complaint(self) -> str:
        """The typed complaint in normal form."""
        return normalise(self.source.complaint or "")

    @cached_property
    def letters(self) -> str:
        """Everything that was said or typed, as it was written."""
        said = [piece for s in self.source.transcript.segments for piece in (s.text, s.english or "")]
        return " ".join([*said, self.source.complaint or ""])

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Concepts of the transcript."""
        return mentions(self.sentences)

    @cached_property
    def units(self) -> tuple[frozenset[str], ...]:
        """The terms of each sentence; a question holds its reply's terms too, so that an exchange is one place."""
        own = [terms(sentence.text) for sentence in self.sentences]
        return tuple(own[i] | own[s.answers] if s.answers is not None else own[i] for i, s in enumerate(self.sentences))

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Every number that the note may hold: spoken, typed, measured, and the age."""
        spoken = {q.value for sentence in self.sentences for q in numbers(sentence.text)}
        typed = {q.value for q in numbers(self.complaint)}
        measured = {float(v) for v in self.source.vitals.measured().values() if isinstance(v, int | float)}
        age = {self.source.patient.age} if self.source.patient.age is not None else set()
        return frozenset(spoken | typed | measured | age)

    @cached_property
    def drugs(self) -> frozenset[str]:
        """Every medicine named in the transcript or the complaint, also where its name was not clearly heard."""
        return frozenset(found.name for found in self._medicines)

    @cached_property
    def unsure_drugs(self) -> frozenset[str]:
        """Those whose name was nowhere clearly heard."""
        return self.drugs - {found.name for found in self._medicines if not found.unsure}

    @cached_property
    def _medicines(self) -> tuple[Found, ...]:
        return tuple(found for text in self._texts for found in heard_drugs(text))

    @cached_property
    def words(self) -> frozenset[str]:
        """The stems of every content word that was said or typed."""
        return frozenset(word for text in self._texts for word in content_words(text))

    @cached_property
    def dosings(self) -> tuple[dict[str, str], ...]:
        """Dose and frequency of each medicine, by sentence."""
        return tuple(dosing(sentence.text) for sentence in self.sentences)

    @cached_property
    def concepts(self) -> frozenset[str]:
        """Every concept that occurs anywhere, asked, denied or affirmed."""
        return frozenset(found.name for text in self._texts for found in find_concepts(text))

    @property
    def _texts(self) -> tuple[str, ...]:
        """Everything that was said or typed, in normal form."""
        return (*(sentence.text for sentence in self.sentences), self.complaint)


def terms(text: str) -> frozenset[str]:
    """What a normalised text says, as a set: its concepts, and the stems of its other content words."""
    digits = to_digits(text)
    concepts = [found for found in find_concepts(digits) if found.kind != "exam"]
    rest = _without(digits, concepts)
    stems = {word for word in content_words(rest) if not re.fullmatch(r"[\d./]+", word)}
    return frozenset(stems | {f"c:{found.name}" for found in concepts})


def _without(text: str, concepts: Sequence[Found]) -> str:
    pieces, at = [], 0
    for found in sorted(concepts, key=lambda f: f.start):
        pieces.append(text[at : max(at, found.start)])
        at = max(at, found.end)
    return " ".join([*pieces, text[at:]])


def check(text: str, section: SectionName, spoken: Spoken, support_min: float) -> Statement:
    """The statement with its evidence, whether it is supported, and flags for what is not.

    support_min: the least share of its terms that the cited sentences must hold, in [0, 1].
    """
    plain = normalise(text)
    chosen, share = _align(plain, spoken)
    evidence = [name for index in chosen for name in spoken.sentences[index].evidence]
    if _in_complaint(plain, spoken, share):
        evidence, share = [*evidence, "complaint"], 1.0
    flags = [NO_EVIDENCE] if share < support_min else []
    flags += [FOREIGN_SCRIPT] if letters_beyond(text, spoken.letters) else []
    flags += [*_number_flags(plain, spoken), *_drug_flags(plain, spoken), *_concept_flags(plain, section, spoken)]
    if section == "plan" and not _by_clinician(chosen, spoken):
        flags.append(NOT_SAID_BY_CLINICIAN)
    named = tuple(dict.fromkeys(evidence)) if share >= support_min else ()
    return Statement(
        text=text,
        evidence=named,
        supported=not flags,
        origin=Origin.MODEL,
        flags=(*dict.fromkeys(flags), *_unsure(plain, spoken)),
    )


def letters_beyond(text: str, said: str) -> bool:
    """Whether a text has a letter outside Latin script that nobody's words have: a model that left its language.

    >>> letters_beyond("fever, no头痛", "fever, no headache"), letters_beyond("Naïve β-blocker", "β blocker")
    (True, False)
    """
    return bool(set(_NOT_LATIN.findall(text)) - set(said))


def _align(plain: str, spoken: Spoken) -> tuple[list[int], float]:
    """The sentences that together hold most of a statement's terms, and the share that they hold."""
    wanted = {term for term in terms(plain) if term not in word_set("note_words")}
    if not wanted:
        return [], 0.0
    left, chosen = set(wanted), []
    for _ in range(_MOST_SENTENCES):
        best = max(range(len(spoken.units)), key=lambda i: len(left & spoken.units[i]), default=None)
        if best is None or not left & spoken.units[best]:
            break
        chosen.append(best)
        left -= spoken.units[best]
    return sorted(chosen), 1 - len(left) / len(wanted)


def _in_complaint(plain: str, spoken: Spoken, share: float) -> bool:
    wanted = {term for term in terms(plain) if term not in word_set("note_words")}
    held = terms(spoken.complaint)
    return bool(wanted) and bool(held) and len(wanted & held) / len(wanted) > share


def _number_flags(plain: str, spoken: Spoken) -> list[str]:
    said = {quantity.value for quantity in numbers(plain)}
    return [UNSUPPORTED_NUMBER] if said - spoken.numbers else []


def _drug_flags(plain: str, spoken: Spoken) -> list[str]:
    named = {found.name for found in heard_drugs(plain)}
    if named - spoken.drugs:
        return [UNSUPPORTED_DRUG]
    wrong = (name for name, dose in dosing(plain).items() if dose and not _dosed(name, dose, spoken.dosings))
    return [UNSUPPORTED_DOSE] if next(wrong, None) else []


def _unsure(plain: str, spoken: Spoken) -> tuple[str, ...]:
    return (UNSURE_NAME,) if {found.name for found in heard_drugs(plain)} & spoken.unsure_drugs else ()


def _dosed(name: str, dose: str, said: Sequence[dict[str, str]]) -> bool:
    """Whether some sentence gives this medicine at least this dose and frequency; true where none gives it any."""
    bare = name.split(maxsplit=1)[0]
    pairs = (pair for sentence in said for pair in sentence.items())
    given = [words for drug, words in pairs if words and drug.split(maxsplit=1)[0] == bare]
    return not given or any(_amounts(dose) <= _amounts(words) for words in given)


def _amounts(dose: str) -> frozenset[str]:
    """What must agree of two doses: their numbers and times of day, not their wording."""
    return frozenset(word for word in dose.split() if word[0].isdigit() or word in _TIMES)


def _concept_flags(plain: str, section: SectionName, spoken: Spoken) -> list[str]:
    """A concept denied where it was affirmed or the reverse, another person's, or a diagnosis nobody named."""
    named = find_concepts(plain)
    unsaid = [found for found in named if found.kind == "procedure" and found.name not in spoken.concepts]
    flags = [UNSUPPORTED_PROCEDURE] if unsaid else []
    if any(found.kind == "exam" and _unheard(plain, found, spoken) for found in named):
        flags.append(UNSAID_FINDING)
    for found in (found for found in named if found.kind in _CLINICAL):
        known = [mention for mention in spoken.mentions if mention.found.name == found.name]
        if found.kind == "condition" and found.name not in spoken.concepts and section in ("assessment", "plan"):
            flags.append(UNSUPPORTED_DIAGNOSIS)
        elif known:
            flags.extend(_conflicts(is_negated(plain, found.start, found.end), known, plain))
        elif found.name not in spoken.concepts:
            flags.extend(_unspoken(plain, found, spoken))
    return flags


def _unspoken(plain: str, found: Found, spoken: Spoken) -> list[str]:
    """A concept that nobody spoke of: denied all the same, or named by no word that anybody said."""
    if is_negated(plain, found.start, found.end):
        return [NEGATION_CONFLICT]
    return [UNSAID_FINDING] if _unheard(plain, found, spoken) else []


def _unheard(plain: str, found: Found, spoken: Spoken) -> bool:
    """Whether none of a concept's words was said; among enough words that were, it would pass by its share."""
    return spoken.words.isdisjoint(content_words(plain[found.start : found.end]))


def _conflicts(denied: bool, known: Sequence[Mention], plain: str) -> list[str]:
    flags = []
    if all(mention.denied is not denied for mention in known):
        flags.append(NEGATION_CONFLICT)
    of_another = "family" in plain or names_relative(plain)
    if not denied and not of_another and all(m.whose is not Experiencer.PATIENT for m in known):
        flags.append(EXPERIENCER_CONFLICT)
    return flags


def _by_clinician(chosen: Sequence[int], spoken: Spoken) -> bool:
    return any(
        spoken.sentences[index].speaker is Speaker.CLINICIAN and not spoken.sentences[index].question
        for index in chosen
    )
