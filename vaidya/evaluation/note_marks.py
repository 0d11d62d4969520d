"""Evidence, numbers and denials of a note, against what was really said."""

import re
from collections.abc import Iterator

from vaidya.evaluation.note_support import NOT_JUDGED, Reference, judge
from vaidya.evaluation.note_text import plain, stems
from vaidya.evaluation.rate import Rate
from vaidya.language import normalise, numbers
from vaidya.note.extract.mentions import Mention
from vaidya.note.reply import asks
from vaidya.schema import Case, Origin, SoapNote, Speaker, Statement, Transcript

_SEGMENT = "segment:"
_QUOTED = re.compile(r'(?:^[^":]*: )?"[^"]*"|\(\?\)')  # with what was asked before it; "(?)" marks an unsure name
# A speaker's own person; "type I" and "grade I" are numbers.
_SPEAKING = re.compile(
    r"(?<!type )(?<!grade )(?<!class )(?<!stage )\bi\b|\b(?:me|my|mine|myself|we|our|ours|you|your|yours|yourself)\b"
)


def uncited_statements(case: Case, note: SoapNote) -> Rate:
    """Share of the borne-out statements that cite nothing (1 - recall of evidence). Lower is better.

    >>> from vaidya.testing import make_case, make_note
    >>> note = make_note(["Dry cough"], objective=(Statement(text="Fever", supported=True),))
    >>> uncited_statements(make_case(lines=["I have a dry cough", "and fever"]), note)
    Rate(errors=1, total=2)
    """
    borne_out = [judged.statement for judged in judge(case, note) if judged.fault is None]
    return Rate(sum(not statement.evidence for statement in borne_out), len(borne_out))


def irrelevant_evidence(note: SoapNote, transcript: Transcript) -> Rate:
    """Share of cited segments that share no content word and no number with their statement (1 - precision).

    A segment that answers a cited question ("no") counts as relevant with it.

    >>> from vaidya.testing import make_note, make_transcript
    >>> irrelevant_evidence(make_note(["Dry cough", "Knee pain"]), make_transcript(["I have a dry cough"]))
    Rate(errors=1, total=2)
    """
    texts = {segment.id: plain(segment.english or segment.text) for segment in transcript.segments}
    cited = [pair for _, statement in note.statements() for pair in _cited(statement, texts)]
    return Rate(sum(not relevant for relevant in cited), len(cited))


def _cited(statement: Statement, texts: dict[int, str]) -> Iterator[bool]:
    if statement.origin in (Origin.MEASURED, Origin.STANDING):
        return
    wanted = set(stems(plain(statement.text)))
    ids = [int(name.removeprefix(_SEGMENT)) for name in statement.evidence if name.startswith(_SEGMENT)]
    for number in ids:
        own = bool(wanted & set(stems(texts.get(number, ""))))
        answers = number - 1 in ids and not stems(texts.get(number, ""))
        yield own or answers


def statements_as_spoken(note: SoapNote) -> Rate:
    """Share of statements left as somebody spoke them: in the first or second person, or as a question.

    A note states findings; a copied turn has evidence, and so looks right to every other metric. What stands between
    quotation marks is marked as somebody's words, and left out. English; lower is better.

    >>> from vaidya.testing import make_note
    >>> statements_as_spoken(make_note(["When was your last period?", "I take aspirin", "Cough", 'Pain: "My knee."']))
    Rate(errors=2, total=3)
    """
    texts = [_QUOTED.sub("", s.text).strip() for _, s in note.statements() if s.origin not in NOT_JUDGED]
    written = [text for text in texts if text]
    return Rate(sum(_as_spoken(text) for text in written), len(written))


def _as_spoken(text: str) -> bool:
    return text.endswith("?") or asks(text) or _SPEAKING.search(normalise(text)) is not None


def numbers_lost(case: Case, note: SoapNote) -> Rate:
    """Share of the numbers with a unit that the patient's side said and that the note lacks. Lower is better.

    >>> from vaidya.testing import make_case, make_note
    >>> said = make_case(lines=["Fever for 3 days", "I take 500 mg of paracetamol"])
    >>> numbers_lost(said, make_note(["Fever for 3 days", "Takes paracetamol"]))
    Rate(errors=1, total=2)
    """
    said = {
        (quantity.value, quantity.unit)
        for turn in case.turns
        if turn.speaker != "clinician"
        for quantity in numbers(plain(turn.english or turn.text))
        if quantity.unit
    }
    kept = {quantity.value for _, statement in note.statements() for quantity in numbers(plain(statement.text))}
    return Rate(sum(value not in kept for value, _ in said), len(said))


def denials_lost(case: Case, note: SoapNote) -> Rate:
    """Share of the symptoms that the patient denied and the note does not deny. Lower is better.

    >>> from vaidya.testing import make_case, make_note
    >>> said = make_case(lines=["I have no chest pain.", "No vomiting."])
    >>> denials_lost(said, make_note(["No chest pain"]))
    Rate(errors=1, total=2)
    """
    reference = Reference.of(case)
    denied = {mention.found.name for mention in reference.mentions if _denied_symptom(mention)}
    affirmed = {mention.found.name for mention in reference.mentions if not mention.denied}
    wanted = denied - affirmed
    return Rate(sum(not _denies(note, name) for name in wanted), len(wanted))


def _denied_symptom(mention: Mention) -> bool:
    patient = mention.speaker is not Speaker.CLINICIAN or len(mention.evidence) > 1
    return mention.denied and mention.found.kind == "symptom" and patient


def _denies(note: SoapNote, name: str) -> bool:
    from vaidya.language import is_negated
    from vaidya.note.extract.lexicon import find_concepts

    for _, statement in note.statements():
        text = plain(statement.text)
        if any(f.name == name and is_negated(text, f.start, f.end) for f in find_concepts(text)):
            return True
    return False


def unmarked_unsupported(case: Case, note: SoapNote) -> Rate:
    """Share of statements that are judged unsupported and shown as supported: what a reader is not warned of.

    >>> from vaidya.testing import make_case, make_note
    >>> marked = Statement(text="Takes insulin", supported=False, flags=("no_evidence",))
    >>> note = make_note(["Dry cough", "Takes warfarin"], objective=(marked,))
    >>> unmarked_unsupported(make_case(lines=["I have a dry cough"]), note)
    Rate(errors=1, total=3)
    """
    judged = judge(case, note)
    return Rate(sum(j.fault is not None and j.statement.supported for j in judged), len(judged))
