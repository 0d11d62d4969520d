"""Statements that the consultation does not bear out, judged against what was really said.

The reference is the case's turns (not the transcript that the pipeline heard), its complaint, vital signs, age and
sex. A statement is unsupported when it holds a number, medicine, test or treatment that the reference lacks, when it
denies what was affirmed (or the reverse), or when too few of its content words stand together anywhere in the
reference. Statements written by code from measurements and the tier's standing actions are not counted: they would
dilute the rate.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from vaidya.evaluation.note_text import concepts, figures, in_english, plain, stems
from vaidya.evaluation.rate import Rate
from vaidya.language import is_negated, normalise
from vaidya.note.extract.lexicon import find_concepts, find_drugs
from vaidya.note.extract.mentions import Mention, hypothetical, mentions
from vaidya.note.heard import heard
from vaidya.schema import (
    Case,
    Origin,
    SectionName,
    Segment,
    SoapNote,
    Speaker,
    Statement,
    Transcript,
    TranscriptState,
)

WINDOW_TURNS = 8  # turns within which a statement's words must stand
SHARE = 0.5  # of its content stems
NOT_JUDGED = (Origin.MEASURED, Origin.STANDING)
# Words that every note uses, and that support nothing and need no support.
_NOTE_WORDS = frozenset(
    [
        "patient",
        "histori",
        "medic",
        "past",
        "present",
        "known",
        "note",
        "report",
        "symptom",
        "complaint",
        "chief",
        "deni",
        "clinician",
        "doctor",
        "plan",
        "assess",
        "cours",
        "medicin",
        "allergi",
        "time",
        "current",
        "male",
        "femal",
        "year-old",
        "yes",
        "famili",
        "said",
        "week",
        "day",
        "month",
        "hour",
        "year",
    ]
)
_SPEAKERS = {
    "patient": Speaker.PATIENT,
    "clinician": Speaker.CLINICIAN,
    "companion": Speaker.COMPANION,
    "unknown": None,
}


class Fault(enum.Enum):
    """Why a statement is unsupported; the order is that of severity."""

    NUMBER = "number"
    MEDICINE = "medicine"
    NEGATION = "negation"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judged statement. fault: None when it is supported. major: a reader may come to harm by believing it."""

    section: SectionName
    statement: Statement
    fault: Fault | None
    major: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """What was really said and measured, prepared once for all statements of a note."""

    windows: tuple[frozenset[str], ...]
    numbers: frozenset[float]
    named: frozenset[str]
    mentions: tuple[Mention, ...]

    @classmethod
    def of(cls, case: Case) -> "Reference":
        """The reference of a case."""
        texts = [plain(turn.english or turn.text) for turn in case.turns]
        typed = [plain(case.complaint)] if case.complaint else []
        own = [_terms(text) for text in (*typed, *texts)]
        windows = [frozenset().union(*own[i : i + WINDOW_TURNS]) for i in range(max(1, len(own) - WINDOW_TURNS + 1))]
        measured = {float(v) for v in case.vitals.measured().values() if isinstance(v, int | float)}
        age = {case.patient.age} if case.patient.age is not None else set()
        named = {name for text in (*typed, *texts) for name in _named(text)}
        spoken = mentions(heard(_as_transcript(case)))
        return cls(tuple(windows), figures([*texts, *typed]) | measured | age, frozenset(named), spoken)


def judge(case: Case, note: SoapNote) -> tuple[Judgement, ...]:
    """Every statement that was drawn from speech or complaint, judged against the reference."""
    reference = Reference.of(case)
    return tuple(
        _judged(section, statement, in_english(case, statement.text), reference)
        for section, statement in note.statements()
        if statement.origin not in NOT_JUDGED
    )


def unsupported_statements(case: Case, note: SoapNote, *, major_only: bool = False) -> Rate:
    """Share of statements that the reference does not bear out; undefined for a note without any. Lower is better.

    >>> from vaidya.testing import make_case, make_note
    >>> said = make_case(lines=["I have had chest pain for two days."])
    >>> rate = unsupported_statements(said, make_note(["Chest pain for 2 days", "Chest pain for 9 days"]))
    >>> rate.errors, rate.total
    (1, 2)
    """
    judged = judge(case, note)
    return Rate(sum(j.fault is not None and (j.major or not major_only) for j in judged), len(judged))


def _judged(section: SectionName, statement: Statement, text: str, reference: Reference) -> Judgement:
    fault = fault_of(text, reference)
    major = fault is not None and (fault is not Fault.CONTENT or section in ("assessment", "plan"))
    return Judgement(section, statement, fault, major)


def fault_of(text: str, reference: Reference) -> Fault | None:
    """What is wrong with a statement, the most severe first; None when the reference bears it out.

    Parts between semicolons are judged one by one: they may come from far apart.
    """
    faults = [fault for part in text.split(";") if part.strip() and (fault := _fault(plain(part), reference))]
    return min(faults, key=list(Fault).index, default=None)


def _fault(words: str, reference: Reference) -> Fault | None:
    if figures([words]) - reference.numbers:
        return Fault.NUMBER
    if _named(words) - reference.named:
        return Fault.MEDICINE
    if _contradicts(words, reference.mentions):
        return Fault.NEGATION
    wanted = _wanted(words) - _NOTE_WORDS
    held = max((len(wanted & window) for window in reference.windows), default=0)
    return Fault.CONTENT if wanted and held < SHARE * len(wanted) else None


def _named(words: str) -> set[str]:
    """Medicines, tests and treatments named."""
    procedures = {found.name for found in find_concepts(words) if found.kind == "procedure"}
    return procedures | {found.name for found in find_drugs(words)}


def _contradicts(words: str, spoken: Sequence[Mention]) -> bool:
    """Whether a concept is denied that was only ever affirmed, or affirmed that was only ever denied."""
    for found in find_concepts(words):
        known = [mention for mention in spoken if mention.found.name == found.name and found.kind != "exam"]
        denied = is_negated(words, found.start, found.end)
        real = not hypothetical(words, found.start)
        if real and known and all(mention.denied is not denied for mention in known):
            return True
    return False


def _wanted(words: str) -> frozenset[str]:
    """What must be found: concepts, and stems of what names none ("shortness of breath" is "breathless").

    Numbers are judged by themselves: an age stands in no turn.
    """
    spans = [(f.start, f.end) for f in find_concepts(words) if f.kind != "exam"]
    rest = "".join(" " if any(a <= i < b for a, b in spans) else letter for i, letter in enumerate(words))
    named = frozenset(f"concept:{name}" for name in concepts(words))
    return named | {stem for stem in stems(rest) if not stem[0].isdigit()}


def _terms(words: str) -> frozenset[str]:
    return frozenset(stems(words)) | frozenset(f"concept:{name}" for name in concepts(words))


def _as_transcript(case: Case) -> Transcript:
    segments = tuple(
        Segment(
            id=i,
            start_s=float(i),
            end_s=float(i + 1),
            text=t.text,
            english=t.english or t.text,
            speaker=_SPEAKERS[t.speaker],
        )
        for i, t in enumerate(case.turns)
        if normalise(t.text)
    )
    state = TranscriptState.SPEECH if segments else TranscriptState.NO_SPEECH
    return Transcript(state=state, segments=segments, transcriber="reference")
