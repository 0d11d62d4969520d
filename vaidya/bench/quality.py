"""Speed counts only at quality (MLPerf's rule): a note that lost what its reference holds makes a run invalid."""

from collections.abc import Sequence

from vaidya.bench.reading import Reading
from vaidya.evaluation.note_facts import omitted_critical_facts
from vaidya.schema import Case, SoapNote

REQUIRED = 0.99  # of the reference's quality, MLPerf Inference's default accuracy target


def facts_kept(case: Case, note: SoapNote | None) -> float | None:
    """Share of the case's critical facts that the note holds; None without facts, 0 without a note."""
    if not any(fact.critical for fact in case.facts):
        return None
    if note is None:
        return 0.0
    omitted = omitted_critical_facts(case, note).value
    return None if omitted is None else 1.0 - omitted


def likeness(note: SoapNote | None, reference: SoapNote | None) -> float | None:
    """ROUGE-L F1 of a note with its reference's; how like two notes are when no fact list says what must be in them."""
    if note is None or reference is None:
        return None
    from rouge_score.rouge_scorer import RougeScorer

    found = RougeScorer(["rougeL"], use_stemmer=True).score(reference.text(), note.text())
    return float(found["rougeL"].fmeasure)


def quality_ratio(case: Case, readings: Sequence[Reading], reference: Sequence[Reading]) -> float | None:
    """Quality of an arm over its reference's: facts kept where there are facts, else likeness of the notes.

    Likeness is of the last notes, and stands in for a ratio: 1 is the same note. None when nothing can be compared.
    """
    ours = _mean([facts_kept(case, reading.note) for reading in readings])
    theirs = _mean([facts_kept(case, reading.note) for reading in reference])
    if ours is not None and theirs:
        return ours / theirs
    return likeness(readings[-1].note, reference[-1].note) if readings and reference else None


def _mean(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None
