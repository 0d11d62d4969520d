"""The note without a model, copied from the input: the fallback, and all there is without usable speech."""

from collections.abc import Iterator

from vaidya.note.assemble import added, with_missing_facts
from vaidya.note.base import Draft, NoteInput, OnText, OnTier
from vaidya.note.evidence import Spoken
from vaidya.note.extract.collect import extract_facts
from vaidya.note.extract.facts import FactKind
from vaidya.note.extract.lexicon import find_concepts, find_drugs
from vaidya.note.measured import measured_statements
from vaidya.note.prompt import spoken_text
from vaidya.note.speakers import speakers
from vaidya.schema import NoteState, Origin, SoapNote, Speaker, Statement

MOST_QUOTES = 3
LONGEST_QUOTE = 400


def extractive_note(source: NoteInput, reason: str) -> SoapNote:
    """The fallback note; ABSTAINED, with nothing drawn from speech, when no usable words were heard.

    reason: the code of what went wrong, or of the transcript's state. The plan is left to `with_standing_plan`, but
    for what a clinician said aloud.
    """
    objective = measured_statements(source.vitals, source.findings)
    if not source.transcript.has_words:
        return SoapNote(
            state=NoteState.ABSTAINED, subjective=tuple(_complaint(source)), objective=objective, reason=reason
        )
    spoken = Spoken.of(source)
    said = [fact for fact in extract_facts(spoken.sentences) if fact.kind in (FactKind.EXAM, FactKind.PLAN)]
    sections = {name: added([f for f in said if f.section == name]) for name in ("objective", "plan")}
    note = SoapNote(
        state=NoteState.EXTRACTIVE,
        subjective=(*_complaint(source), *_quotes(source)),
        objective=(*objective, *sections["objective"]),
        plan=sections["plan"],
        reason=reason,
    )
    return with_missing_facts(note, spoken)


def _complaint(source: NoteInput) -> Iterator[Statement]:
    if source.complaint and source.complaint.strip():
        text = f"Complaint: {' '.join(source.complaint.split())}"[:LONGEST_QUOTE]
        yield Statement(text=text, evidence=("complaint",), supported=True, origin=Origin.QUOTED)


def _quotes(source: NoteInput) -> tuple[Statement, ...]:
    """What the patient said, the turns with the most clinical content, in the order in which they were said."""
    segments = source.transcript.segments
    turns = [
        (segment.id, spoken_text(segment.english or segment.text))
        for segment, speaker in zip(segments, speakers(segments), strict=True)
        if speaker is not Speaker.CLINICIAN
    ]
    ranked = sorted((turn for turn in turns if turn[1]), key=lambda turn: -_content(turn[1]))[:MOST_QUOTES]
    return tuple(_quote(*turn) for turn in turns if turn in ranked)


def _content(text: str) -> float:
    plain = text.lower()
    return len(find_concepts(plain)) + len(find_drugs(plain)) + min(len(plain), 200) / 1_000


def _quote(segment: int, text: str) -> Statement:
    quoted = f'"{text[:LONGEST_QUOTE]}"'
    return Statement(text=quoted, evidence=(f"segment:{segment}",), supported=True, origin=Origin.QUOTED)


class ExtractiveNoteWriter:
    """A NoteWriter without a model. It gives no tier: rules decide."""

    prompt_version: str | None = None

    def write(self, source: NoteInput, *, on_tier: OnTier | None = None, on_text: OnText | None = None) -> Draft:  # noqa: ARG002
        """The extractive note; no tier is known, so on_tier is never called."""
        return Draft(
            note=extractive_note(source, "NO_MODEL" if source.transcript.has_words else source.transcript.state.value)
        )
