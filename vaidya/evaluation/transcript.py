"""The transcript stage judged: word errors by language and noise, what was lost that matters, words out of nothing.

The reference of a case is its turns, joined. Cases that entered as text are left out: nothing was heard. A case whose
recording or transcriber failed is unscored with its reason. Doubted transcripts (UNRELIABLE) count with the words they
hold; the `_trusted` rate is over what a note may be drafted from. Every metric has a card in eval/cards/.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.evaluation import transcript_errors as errors
from vaidya.evaluation.interval import exact, pooled_bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import ALL, Row, counted
from vaidya.schema import Case, Transcript, TranscriptState

TEXT_ONLY = "text"  # the transcriber's name where turns were given instead of sound
COHORTS = ("language", "noise_snr_db")
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Heard:
    """One case and what was heard of it; minutes: length of the recording."""

    case: Case
    transcript: Transcript
    minutes: float

    @property
    def reference(self) -> str:
        """What was said, in the language it was said in."""
        return "\n".join(turn.text for turn in self.case.turns)

    @property
    def reference_english(self) -> str:
        """The same in English; empty where no English reference exists."""
        native = self.case.language in (None, ENGLISH)
        return "\n".join(turn.english or (turn.text if native else "") for turn in self.case.turns)


Measure = Callable[[Heard], Rate]


def _word_errors(heard: Heard) -> Rate:
    return errors.word_errors(heard.reference, heard.transcript.text(), heard.case.language)


def _trusted_word_errors(heard: Heard) -> Rate:
    return _word_errors(heard) if heard.transcript.has_words else Rate(0, 0)


def _characters(heard: Heard) -> Rate:
    return errors.character_errors(heard.reference, heard.transcript.text(), heard.case.language)


def _language(heard: Heard) -> Rate:
    given = heard.transcript.language_probability is None and heard.transcript.language is not None
    return Rate(0, 0) if given else errors.language_error(heard.case.language, heard.transcript.language)


def _script(heard: Heard) -> Rate:
    return errors.script_errors(heard.transcript.text(), heard.case.language or "")


def _on_english(measure: Callable[[str, str], Rate]) -> Measure:
    return lambda heard: measure(heard.reference_english, heard.transcript.english())


def _in_state(*states: TranscriptState) -> Measure:
    return lambda heard: Rate(int(heard.transcript.state in states), 1)


# Pooled over words, letters, terms: the interval resamples speakers.
POOLED: dict[str, Measure] = {
    "word_error_rate": _word_errors,
    "word_error_rate_trusted": _trusted_word_errors,
    "character_error_rate": _characters,
    "medical_term_error_rate": _on_english(errors.term_errors),
    "drug_error_rate": _on_english(errors.drug_errors),
    "number_error_rate": _on_english(errors.number_errors),
    "negation_error_rate": _on_english(errors.negation_errors),
    "script_error_rate": _script,
}
# One or none a case: the interval is exact where every case is another speaker's.
BY_CASE: dict[str, Measure] = {
    "language_error_rate": _language,
    "speech_missed": _in_state(TranscriptState.NO_SPEECH),
    "speech_unreliable": _in_state(TranscriptState.UNRELIABLE),
}
POOLED_ON_SILENCE: dict[str, Measure] = {
    "words_in_non_speech": lambda heard: errors.words_heard(heard.transcript.text(), heard.minutes)
}
BY_CASE_ON_SILENCE: dict[str, Measure] = {
    "non_speech_with_words": lambda heard: Rate(int(bool(errors.words_heard(heard.transcript.text(), 1).errors)), 1)
}


PER_TIME = frozenset({"words_in_non_speech"})
NOBODY = frozenset({"unknown", "two speakers"})


@dataclass(frozen=True, slots=True)
class _Table:
    """Where rows go, and the cases they are made from: those of one cohort, speech and non-speech apart."""

    dataset: str
    arm: str
    rng: np.random.Generator
    cohort: str = ALL

    def rows(self, outcomes: Sequence[Outcome], measures: dict[str, Measure], *, by_case: bool) -> Iterator[Row]:
        heard = [found for outcome in outcomes if (found := _heard(outcome)) is not None]
        why = _reasons(outcomes)
        for metric, measure in measures.items():
            rates = [(speaker_of(one.case), rate) for one in heard if (rate := measure(one)).total]
            total = pooled(rate for _, rate in rates)
            people = _by_speaker(rates)
            # Cases of one speaker are alike: only where nobody comes twice are they independent, and the bound exact.
            alone = by_case and len(people) == len(rates)
            low, high = exact(total) if alone else pooled_bootstrap(people, rng=self.rng, per_time=metric in PER_TIME)
            yield Row(
                dataset=self.dataset,
                arm=self.arm,
                metric=metric,
                value=total.value,
                low=low,
                high=high,
                errors=total.errors,
                total=total.total,
                n_scored=len(rates),
                n_unscored=len(outcomes) - len(heard),
                cohort=self.cohort,
                reason=why or (None if rates else "UNDEFINED"),
            )


def score_transcript(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Rows over all cases, then by language and by noise level; nothing for a dataset without recordings."""
    listened = [outcome for outcome in outcomes if not _typed(outcome)]
    spoken = [outcome for outcome in listened if outcome.case.speech and outcome.case.turns]
    silent = [outcome for outcome in listened if not outcome.case.speech]
    table = _Table(dataset, arm, rng)
    rows = _speech_rows(table, spoken) if spoken else []
    if silent:
        rows += table.rows(silent, POOLED_ON_SILENCE, by_case=False)
        rows += table.rows(silent, BY_CASE_ON_SILENCE, by_case=True)
    for cohort, members in _cohorts(spoken):
        rows += _speech_rows(_Table(dataset, arm, rng, cohort), members)
    return rows


def transcript_rates(outcome: Outcome) -> dict[str, Rate]:
    """Every defined rate of one case, by metric."""
    heard = None if _typed(outcome) else _heard(outcome)
    if heard is None:
        return {}
    if outcome.case.speech:
        measures = {**POOLED, **BY_CASE} if outcome.case.turns else {}
    else:
        measures = {**POOLED_ON_SILENCE, **BY_CASE_ON_SILENCE}
    return {metric: rate for metric, measure in measures.items() if (rate := measure(heard)).total}


def speaker_of(case: Case) -> tuple[str, ...]:
    """Whose voice or body a recording is of, where its set says so: what is resampled; else the case itself.

    Several sets call everybody of whom nothing is known "unknown", and two speakers "two speakers": no person's name.
    """
    known = case.attributes.get("speaker") or case.attributes.get("subject")
    if known in (None, *NOBODY):
        return ("case", case.id)
    return ("person", str(case.attributes.get("source")), str(known))


def _by_speaker(rates: Sequence[tuple[tuple[str, ...], Rate]]) -> list[Rate]:
    people: dict[tuple[str, ...], Rate] = {}
    for who, rate in rates:
        people[who] = people.get(who, Rate(0, 0)) + rate
    return list(people.values())


def _speech_rows(table: _Table, outcomes: Sequence[Outcome]) -> list[Row]:
    return [*table.rows(outcomes, POOLED, by_case=False), *table.rows(outcomes, BY_CASE, by_case=True)]


def _typed(outcome: Outcome) -> bool:
    """Whether the case has nothing to listen to, or entered as text."""
    given = outcome.record is not None and outcome.record.transcript.transcriber == TEXT_ONLY
    return outcome.case.audio is None or given


def _heard(outcome: Outcome) -> Heard | None:
    record = outcome.record
    if record is None or record.recording is None or record.transcript.state is TranscriptState.FAILED:
        return None
    return Heard(outcome.case, record.transcript, record.recording.duration_s / 60)


def _reasons(outcomes: Sequence[Outcome]) -> str | None:
    """Why cases went unscored, as codes with counts."""
    failed = [outcome for outcome in outcomes if _heard(outcome) is None]
    return counted(outcome.reason or _failure(outcome) for outcome in failed)


def _failure(outcome: Outcome) -> str:
    found = () if outcome.record is None else outcome.record.failures
    return next((failure.code for failure in found if failure.stage in ("audio", "transcript")), "NO_TRANSCRIPT")


def _cohorts(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    for column in COHORTS:
        members: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            value = outcome.case.attributes.get(column)
            value = outcome.case.language if value is None and column == "language" else value
            if value is not None:
                members.setdefault(f"{value:g}" if isinstance(value, float) else str(value), []).append(outcome)
        yield from ((f"{column}={name}", found) for name, found in sorted(members.items()))
