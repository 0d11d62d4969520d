"""From a model's reply to a checked note: statements supported, marked or withheld, and the facts left out added."""

from collections.abc import Iterable, Sequence

from vaidya.config import NoteConfig
from vaidya.language import is_negated, normalise, numbers
from vaidya.note.evidence import (
    EXPERIENCER_CONFLICT,
    FOREIGN_SCRIPT,
    NEGATION_CONFLICT,
    NO_EVIDENCE,
    NOT_SAID_BY_CLINICIAN,
    UNSUPPORTED_DIAGNOSIS,
    UNSUPPORTED_DOSE,
    UNSUPPORTED_DRUG,
    UNSUPPORTED_NUMBER,
    UNSUPPORTED_PROCEDURE,
    UNSURE_NAME,
    Spoken,
    check,
    terms,
)
from vaidya.note.extract.collect import critical, extract_facts
from vaidya.note.extract.facts import ExtractedFact, FactKind
from vaidya.note.extract.lexicon import find_concepts, find_drugs
from vaidya.note.measured import measured_statements
from vaidya.note.reply import Reply
from vaidya.schema import NoteState, Origin, SectionName, SoapNote, Speaker, Statement

# Flags that make a plan or an assessment unsafe to act on.
_UNSAFE = frozenset(
    (
        *(UNSUPPORTED_DRUG, UNSUPPORTED_DOSE, UNSUPPORTED_NUMBER, UNSUPPORTED_DIAGNOSIS, UNSUPPORTED_PROCEDURE),
        *(NOT_SAID_BY_CLINICIAN, NEGATION_CONFLICT, EXPERIENCER_CONFLICT, FOREIGN_SCRIPT),
    )
)
COVERED = 0.75  # share of a detail's terms
_WITHHELD_SECTIONS: tuple[SectionName, ...] = ("assessment", "plan")


def assemble(reply: Reply, spoken: Spoken, config: NoteConfig, prompt_version: str) -> SoapNote:
    """The drafted note. Objective statements of the model stay only where a clinician said them aloud."""
    names: tuple[SectionName, ...] = ("subjective", "assessment", "plan")
    checked = {name: _checked(reply.section(name), name, spoken, config) for name in names}
    exam = [s for s in _checked(reply.section("objective"), "objective", spoken, config) if _examined(s, spoken)]
    measured = measured_statements(spoken.source.vitals, spoken.source.findings)
    kept, withheld = _withhold(checked, config)
    note = SoapNote(
        state=NoteState.DRAFTED,
        subjective=tuple(kept["subjective"]),
        objective=(*measured, *exam),
        assessment=tuple(kept["assessment"]),
        plan=tuple(kept["plan"]),
        withheld=tuple(withheld),
        prompt_version=prompt_version,
    )
    return with_missing_facts(note, spoken) if config.add_missing_facts else note


def _checked(texts: Iterable[str], section: SectionName, spoken: Spoken, config: NoteConfig) -> list[Statement]:
    return [check(text, section, spoken, config.support_min) for text in texts]


def _examined(statement: Statement, spoken: Spoken) -> bool:
    """Whether a clinician said an objective statement aloud, outside a question."""
    cited = {name for name in statement.evidence if name.startswith("segment:")}
    said = {f"segment:{s.segment}" for s in spoken.sentences if s.speaker is Speaker.CLINICIAN and not s.question}
    return statement.supported and bool(cited & said)


def _withhold(
    checked: dict[SectionName, list[Statement]], config: NoteConfig
) -> tuple[dict[SectionName, list[Statement]], list[Statement]]:
    """Statements of plan and assessment that nobody said and somebody might act on, set apart."""
    if not config.withhold_unsupported:
        return checked, []
    kept = {name: [s for s in checked[name] if not _unsafe(name, s)] for name in checked}
    withheld = [s for name in _WITHHELD_SECTIONS for s in checked[name] if _unsafe(name, s)]
    return kept, withheld


def _unsafe(section: SectionName, statement: Statement) -> bool:
    """A plan may stay, marked, where nobody could come to harm by it; a baseless assessment is none."""
    baseless = section == "assessment" and NO_EVIDENCE in statement.flags
    return section in _WITHHELD_SECTIONS and (baseless or bool(_UNSAFE & set(statement.flags)))


def with_missing_facts(note: SoapNote, spoken: Spoken) -> SoapNote:
    """The note with the critical facts that it lacks, in their sections, marked as added."""
    facts = [fact for fact in extract_facts(spoken.sentences) if critical(fact)]
    details = [fact for fact in facts if fact.kind is FactKind.DETAIL]
    for name in ("subjective", "objective", "plan"):
        present = [statement for statement in note.section(name) if statement.supported]
        missing = [f for f in facts if f not in details and f.section == name and not holds(present, f)]
        note = note.model_copy(update={name: (*note.section(name), *added(missing))})
    return note.model_copy(update={"subjective": (*note.subjective, *added(uncovered(details, note)))})


def uncovered(details: Sequence[ExtractedFact], note: SoapNote) -> list[ExtractedFact]:
    """The details of which supported statements say less than `COVERED`, judged one after another."""
    said = frozenset().union(*(terms(normalise(s.text)) for _, s in note.statements() if s.supported))
    kept = []
    for detail in details:
        wanted = terms(normalise(detail.name))
        if len(wanted & said) < COVERED * len(wanted):
            kept.append(detail)
            said |= wanted
    return kept


def holds(statements: Sequence[Statement], fact: ExtractedFact) -> bool:
    """Whether a statement already says the fact, with the same denial and the same numbers."""
    return any(_says(normalise(statement.text), fact) for statement in statements)


def _says(text: str, fact: ExtractedFact) -> bool:
    wanted = {quantity.value for quantity in numbers(normalise(fact.text))}
    if wanted - {quantity.value for quantity in numbers(text)}:
        return False
    if fact.kind is FactKind.DURATION:
        return bool(wanted) or fact.name in text
    if fact.kind is FactKind.VITAL:
        return True
    if fact.name == "none":
        return "allerg" in text or "nkda" in text
    found = [f for f in (*find_concepts(text), *find_drugs(text)) if f.name == fact.name]
    if fact.kind is FactKind.FAMILY:
        return bool(found) and "family" in text
    return any(is_negated(text, f.start, f.end) is fact.denied or fact.kind is FactKind.ALLERGY for f in found)


def added(facts: Sequence[ExtractedFact]) -> tuple[Statement, ...]:
    """Facts as statements; symptoms denied share one statement, as in a note."""
    denied = [fact for fact in facts if fact.kind is FactKind.SYMPTOM and fact.denied]
    single = [fact for fact in facts if fact not in denied]
    statements = [
        Statement(
            text=f.text,
            evidence=f.evidence,
            supported=True,
            origin=Origin.ADDED,
            flags=(UNSURE_NAME,) if f.unsure else (),
        )
        for f in single
    ]
    if denied:
        evidence = tuple(dict.fromkeys(name for fact in denied for name in fact.evidence))
        text = "; ".join([denied[0].text, *(fact.text[0].lower() + fact.text[1:] for fact in denied[1:])])
        statements.append(Statement(text=text, evidence=evidence, supported=True, origin=Origin.ADDED))
    return tuple(statements)
