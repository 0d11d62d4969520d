"""The note stage judged: critical facts, support, evidence, numbers and denials; word overlap as a secondary measure.

Rates are pooled over statements or facts, with a bootstrap interval by patient. Every metric has a card in
eval/cards/. A case whose run failed, or whose note ABSTAINED though there was speech, counts as unscored with its
reason; a case that asks for one section (`section_header`) is scored on word overlap alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.errors import VaidyaError
from vaidya.evaluation.interval import bootstrap, pooled_bootstrap
from vaidya.evaluation.latency import percentile
from vaidya.evaluation.note_encoder import ENCODER, bertscore
from vaidya.evaluation.note_facts import misplaced_facts, omitted_critical_facts, omitted_facts, omitted_findable_facts
from vaidya.evaluation.note_lexical import ROUGE, rouge
from vaidya.evaluation.note_marks import (
    denials_lost,
    irrelevant_evidence,
    numbers_lost,
    statements_as_spoken,
    uncited_statements,
    unmarked_unsupported,
)
from vaidya.evaluation.note_states import is_abstained, is_extractive, valid_first, valid_repaired, valid_retried
from vaidya.evaluation.note_support import unsupported_statements
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import BASELINE_PREFIX, Row, counted
from vaidya.schema import Case, NoteState, SoapNote, TriageRecord

BERTSCORE = f"bertscore_f1_{ENCODER}"
OnRecord = Callable[[Case, TriageRecord], Rate]
Statistic = Callable[[Sequence[float]], float | None]

RATES: dict[str, OnRecord] = {
    "omitted_critical_facts": lambda case, record: omitted_critical_facts(case, record.note),
    "omitted_findable_facts": lambda case, record: omitted_findable_facts(case, record.note),
    "omitted_facts": lambda case, record: omitted_facts(case, record.note),
    "misplaced_facts": lambda case, record: misplaced_facts(case, record.note),
    "unsupported_statements": lambda case, record: unsupported_statements(case, record.note),
    "unsupported_statements_major": lambda case, record: unsupported_statements(case, record.note, major_only=True),
    "unmarked_unsupported": lambda case, record: unmarked_unsupported(case, record.note),
    "uncited_statements": lambda case, record: uncited_statements(case, record.note),
    "irrelevant_evidence": lambda _, record: irrelevant_evidence(record.note, record.transcript),
    "statements_as_spoken": lambda _, record: statements_as_spoken(record.note),
    "numbers_lost": lambda case, record: numbers_lost(case, record.note),
    "denials_lost": lambda case, record: denials_lost(case, record.note),
}


STATES: dict[str, Callable[[TriageRecord], Rate]] = {
    "notes_extractive": is_extractive,
    "notes_abstained": is_abstained,
    "schema_valid_first": valid_first,
    "schema_valid_repaired": valid_repaired,
    "schema_valid_retried": valid_retried,
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What a row belongs to."""

    dataset: str
    arm: str
    rng: np.random.Generator


def score_note(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """One row a metric that the dataset's references allow; nothing for cases without speech."""
    place = _Place(dataset, arm, rng)
    spoken = [outcome for outcome in outcomes if outcome.case.speech and outcome.case.turns]
    if not spoken:
        return []
    rows = [row for name in RATES if (row := _rate_row(name, spoken, place)) is not None]
    rows += _overlap_rows(spoken, place)
    rows += [row for name in STATES if (row := _state_row(name, spoken, place)) is not None]
    noted = [o for o in spoken if o.record is not None]
    if noted:
        counts = [_statements(o.record.note) for o in noted if o.record is not None]
        rows.append(_mean_row("statements", counts, _failed(spoken, noted), place))
    return rows if arm.startswith(BASELINE_PREFIX) else [*rows, *_spent_rows(spoken, place)]


def _rate_row(name: str, outcomes: Sequence[Outcome], place: _Place) -> Row | None:
    """A pooled rate; None when no case has a reference for it."""
    wanted = [o for o in outcomes if o.case.section_header is None and (o.case.facts or "fact" not in name)]
    scored = [o for o in wanted if _drafted(o.record)]
    rates = [RATES[name](o.case, o.record) for o in scored if o.record is not None]
    return _pooled_row(name, rates, _failed(wanted, scored), place) if wanted else None


def _state_row(name: str, outcomes: Sequence[Outcome], place: _Place) -> Row | None:
    """A rate over records; None when it is undefined for all of them."""
    scored = [o for o in outcomes if o.record is not None]
    rates = [STATES[name](o.record) for o in scored if o.record is not None]
    return _pooled_row(name, rates, _failed(outcomes, scored), place) if pooled(rates).total else None


def _pooled_row(name: str, rates: Sequence[Rate], failed: Sequence[str], place: _Place) -> Row:
    """A case for which the rate is undefined (no number said) is neither scored nor unscored."""
    total = pooled(rates)
    low, high = pooled_bootstrap(rates, rng=place.rng)
    return Row(
        dataset=place.dataset,
        arm=place.arm,
        metric=name,
        value=total.value,
        low=low,
        high=high,
        errors=total.errors,
        total=total.total,
        n_scored=sum(rate.total > 0 for rate in rates),
        n_unscored=len(failed),
        reason=counted(failed) or (None if total.total else "UNDEFINED"),
    )


def _drafted(record: TriageRecord | None) -> bool:
    return record is not None and record.note.state is not NoteState.ABSTAINED


def _failed(wanted: Sequence[Outcome], scored: Sequence[Outcome]) -> list[str]:
    """The code of each case that should have been scored and could not be."""
    done = {id(outcome) for outcome in scored}
    return [
        o.reason or (o.record.note.reason if o.record else None) or "NO_RECORD" for o in wanted if id(o) not in done
    ]


def _overlap_rows(outcomes: Sequence[Outcome], place: _Place) -> Iterator[Row]:
    """ROUGE and BERTScore against the reference note or section, and the length beside it."""
    wanted = [o for o in outcomes if o.case.note]
    if not wanted:
        return
    scored = [o for o in wanted if written(o) is not None]
    pairs = [(o.case.note or "", written(o) or "") for o in scored]
    failed = _failed(wanted, scored)
    scores = [rouge(reference, text) for reference, text in pairs]
    for name in ROUGE:
        yield _mean_row(name, [score[name] for score in scores], failed, place)
    yield _bertscore_row(pairs, failed, place)
    yield _mean_row("words", [float(len(text.split())) for _, text in pairs], failed, place)


def written(outcome: Outcome) -> str | None:
    """What was written of a case, a note or a section; None when nothing was."""
    if outcome.case.section_header is not None:
        return outcome.section
    return outcome.record.note.text() if outcome.record is not None and _drafted(outcome.record) else None


def _bertscore_row(pairs: Sequence[tuple[str, str]], failed: Sequence[str], place: _Place) -> Row:
    """The row says why when the encoder's weights are not to be had."""
    try:
        values = [value for reference, text in pairs if (value := bertscore(reference, text)) is not None]
    except VaidyaError as error:
        return _mean_row(BERTSCORE, [], [*failed, *(error.code for _ in pairs)], place)
    return _mean_row(BERTSCORE, values, failed, place)


def _spent_rows(outcomes: Sequence[Outcome], place: _Place) -> Iterator[Row]:
    """Seconds of each case, whatever became of it, and the tokens that a model wrote for it; a section tells none."""
    timed = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
    not_timed = ["NOT_TIMED"] * (len(outcomes) - len(timed))
    yield _mean_row("seconds_per_note_p50", timed, not_timed, place, _median)
    yield _mean_row("seconds_per_note_mean", timed, not_timed, place)
    told = [o.record.tokens["tokens_out"] for o in outcomes if o.record and "tokens_out" in o.record.tokens]
    yield _mean_row("tokens_per_note_mean", told, ["NO_TOKENS"] * (len(outcomes) - len(told)), place)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _median(values: Sequence[float]) -> float | None:
    return percentile(values, 50)


def _mean_row(
    name: str, values: Sequence[float], failed: Sequence[str], place: _Place, statistic: Statistic = _mean
) -> Row:
    low, high = bootstrap(values, statistic, rng=place.rng)
    return Row(
        dataset=place.dataset,
        arm=place.arm,
        metric=name,
        value=statistic(values),
        low=low,
        high=high,
        n_scored=len(values),
        n_unscored=len(failed),
        reason=counted(failed) or (None if values else "UNDEFINED"),
    )


def _statements(note: SoapNote) -> float:
    return float(len(note.statements()))
