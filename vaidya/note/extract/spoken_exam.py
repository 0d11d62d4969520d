"""What a clinician says aloud while examining, and what the clinician plans: quoted, never inferred."""

from collections.abc import Sequence

from vaidya.note.cues import cue
from vaidya.note.extract.facts import ExtractedFact, FactKind, spelt
from vaidya.note.extract.lexicon import find_concepts
from vaidya.note.heard import Heard
from vaidya.schema import SectionName, Speaker

_LONGEST = 300


def exam_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """Examination findings that a clinician said aloud, in the clinician's words."""
    return tuple(
        _quoted(sentence, FactKind.EXAM)
        for sentence in spoken
        if _by_clinician(sentence)
        and cue("finds").search(sentence.text)
        and any(found.kind == "exam" for found in find_concepts(sentence.text))
    )


def plan_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """What a clinician said will be done, in the clinician's words."""
    return tuple(
        _quoted(sentence, FactKind.PLAN)
        for sentence in spoken
        if _by_clinician(sentence) and cue("plans").search(sentence.text)
    )


def _by_clinician(sentence: Heard) -> bool:
    return sentence.speaker is Speaker.CLINICIAN and not sentence.question and len(sentence.text) <= _LONGEST


def _quoted(sentence: Heard, kind: FactKind) -> ExtractedFact:
    section: SectionName = "plan" if kind is FactKind.PLAN else "objective"
    wording = f'Clinician: "{spelt(sentence.text)}"'
    return ExtractedFact(kind, sentence.text, wording, False, section, sentence.evidence)
