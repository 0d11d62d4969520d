"""How well sounds are told apart, breaths counted, and probes calibrated: pure functions, and rows from records.

Macro-F1, AUROC and calibration error are those of scikit-learn (`f1_score(average="macro", zero_division=0)`,
`roc_auc_score`) and of Naeini et al., AAAI 2015; tests compare the numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.errors import LengthMismatchError
from vaidya.evaluation.interval import UNDEFINED, Interval, bootstrap, pooled_bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import ALL, Row
from vaidya.schema import Case, Findings, FindingsState, SoundLabel

WITHIN_PER_MIN = 2.0
BINS = 10
# The sets label a clip with one sound; speech and snoring stand under "other" there.
CLIP_LABELS = ("breath", "cough", "sneeze", "other")
OTHERS = (SoundLabel.SPEECH.value, SoundLabel.SNORE.value, SoundLabel.OTHER.value)


@dataclass(frozen=True, slots=True)
class Judged:
    """One clip: its reference, and what was decided. None where nothing was, with the reason as a code.

    scores: probability of each label over the whole clip. rate, reference_rate: breaths a minute. case_id: empty where
    no case stands behind the clip.
    """

    subject: str
    reference: str
    decided: str | None
    scores: Mapping[str, float]
    rate: float | None = None
    reference_rate: float | None = None
    reason: str | None = None
    case_id: str = ""


def macro_f1(reference: Sequence[str], decided: Sequence[str | None]) -> float | None:
    """Mean over the reference's labels of F1; a label never decided counts 0, None without clips. Higher is better.

    Raises:
        LengthMismatchError: the two differ in length.

    >>> macro_f1(["cough", "breath"], ["cough", "cough"])
    0.3333333333333333
    """
    scores = list(f1_by_label(reference, decided).values())
    return float(np.mean(scores)) if scores else None


def f1_by_label(reference: Sequence[str], decided: Sequence[str | None]) -> dict[str, float]:
    """2 TP / (2 TP + FP + FN) of each label that the reference holds, in alphabetical order.

    Raises:
        LengthMismatchError: the two differ in length.
    """
    _same_length(reference, decided)
    truth, guess = np.array(reference, dtype=object), np.array(decided, dtype=object)
    found = {}
    for label in sorted(set(reference)):
        right = int(((truth == label) & (guess == label)).sum())
        found[label] = 2 * right / (int((truth == label).sum()) + int((guess == label).sum()))
    return found


def auroc(positive: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Chance that a positive scores above a negative, ties counting half; None without both.

    The Mann-Whitney statistic over the number of pairs (Hanley and McNeil, Radiology 1982).

    Raises:
        LengthMismatchError: the two differ in length.

    >>> auroc([True, False, False], [0.9, 0.9, 0.1])
    0.75
    """
    _same_length(positive, scores)
    truth, values = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=float)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    # A tied group shares the mean of its ranks.
    ranks = np.cumsum(counts) - (counts - 1) / 2
    statistic = ranks[place][truth].sum() - positives * (positives + 1) / 2
    return float(statistic / (positives * negatives))


def expected_calibration_error(positive: Sequence[bool], probabilities: Sequence[float]) -> float | None:
    """Mean distance of probability and observed share over ten equal bins, weighted by size; None without cases.

    Raises:
        LengthMismatchError: the two differ in length.

    >>> round(expected_calibration_error([True, False, True], [0.1, 0.1, 0.9]), 3)
    0.3
    """
    bins = reliability(positive, probabilities)
    total = sum(n for _, _, n in bins)
    return sum(n * abs(said - seen) for said, seen, n in bins) / total if total else None


def reliability(positive: Sequence[bool], probabilities: Sequence[float]) -> list[tuple[float, float, int]]:
    """Mean probability, observed share and count of each bin that holds a case: the points of a reliability diagram.

    Raises:
        LengthMismatchError: the two differ in length.

    >>> reliability([True, False], [0.75, 0.75])
    [(0.75, 0.5, 2)]
    """
    _same_length(positive, probabilities)
    truth, values = np.asarray(positive, dtype=float), np.asarray(probabilities, dtype=float)
    which = np.minimum((values * BINS).astype(int), BINS - 1)
    groups = [which == index for index in range(BINS)]
    return [(float(values[g].mean()), float(truth[g].mean()), int(g.sum())) for g in groups if g.any()]


def clip_scores(findings: Findings) -> dict[str, float]:
    """Mean over the heard windows of each label's probability; empty when nothing was heard or named."""
    if not findings.windows or not findings.windows[0].probabilities:
        return {}
    labels = findings.windows[0].probabilities
    return {label: float(np.mean([w.probabilities[label] for w in findings.windows])) for label in labels}


def clip_label(scores: Mapping[str, float]) -> str | None:
    """The one label of a clip: the highest score; speech and snoring are `other`. None without scores."""
    if not scores:
        return None
    best = max(scores, key=lambda label: scores[label])
    return "other" if best in OTHERS else best


def judged(case: Case, findings: Findings | None, reason: str | None = None) -> Judged | None:
    """A case with its reference label beside what was found; None for a case without one."""
    label, rate = case.attributes.get("label"), case.attributes.get("respiratory_rate_bpm")
    if not isinstance(label, str):
        return None
    scores = clip_scores(findings) if findings is not None else {}
    # Silence is an answer: nothing is heard that is neither cough, nor sneeze, nor breath.
    silent = findings is not None and findings.state is FindingsState.SILENT
    return Judged(
        subject=str(case.attributes.get("subject") or case.id),
        reference="other" if label in OTHERS else label,
        decided="other" if silent else clip_label(scores),
        scores=scores,
        rate=findings.breathing_rate_per_min if findings is not None else None,
        reference_rate=float(rate) if isinstance(rate, int | float) else None,
        reason=reason or (None if scores or silent else "NO_EVENT_HEAD"),
        case_id=case.id,
    )


def score_acoustic(outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
    """Rows from the findings of records; cases without a sound label are not counted."""
    found = [
        judged(o.case, o.record.findings if o.record else None, o.reason)
        for o in outcomes
        if "label" in o.case.attributes
    ]
    clips = [clip for clip in found if clip is not None]
    return rows_of(clips, dataset=dataset, arm=arm, rng=rng, reason=None) if clips else []


def rows_of(
    clips: Sequence[Judged], *, dataset: str, arm: str, rng: np.random.Generator, reason: str | None
) -> list[Row]:
    """Every metric of one arm: macro-F1, F1 of each label, breathing rate, AUROC, calibration; subjects resampled."""
    book = _Book(dataset, arm, reason, rng)
    scored = [clip for clip in clips if clip.decided is not None]
    lost = len(clips) - len(scored)
    rows = [book.row("event_macro_f1", scored, _macro, lost)]
    for label in sorted({clip.reference for clip in scored}):
        rows.append(book.row("event_f1", scored, _f1(label), lost, f"label={label}"))
    rows += _rate_rows(clips, book)
    named = [clip for clip in scored if clip.scores]
    rows.append(book.row("auroc", named, _mean_auroc, len(clips) - len(named)))
    for label in sorted({clip.reference for clip in named}):
        rows.append(book.row("auroc", named, _auroc(label), len(clips) - len(named), f"label={label}"))
    rows.append(book.row("expected_calibration_error", named, _mean_error, len(clips) - len(named)))
    return rows


def within(clip: Judged) -> bool | None:
    """Whether the breathing rate is within 2 a minute of the reference; not determined counts as not; None without."""
    if clip.reference_rate is None:
        return None
    return clip.rate is not None and abs(clip.rate - clip.reference_rate) <= WITHIN_PER_MIN


def label_score(clip: Judged, label: str) -> float:
    """The probability that a clip bears one of the sets' labels; `other` is the likeliest of the labels under it."""
    if label == "other":
        return max((clip.scores.get(name, 0.0) for name in OTHERS), default=0.0)
    return clip.scores.get(label, 0.0)


Statistic = Callable[[Sequence[Judged]], float | None]


@dataclass(frozen=True, slots=True)
class _Book:
    dataset: str
    arm: str
    reason: str | None
    rng: np.random.Generator

    def row(self, metric: str, clips: Sequence[Judged], statistic: Statistic, lost: int, cohort: str = ALL) -> Row:
        value = statistic(clips) if clips else None
        low, high = self._interval(clips, statistic) if value is not None else UNDEFINED
        return Row(
            dataset=self.dataset,
            arm=self.arm,
            metric=metric,
            value=value,
            low=low,
            high=high,
            n_scored=len(clips),
            n_unscored=lost,
            cohort=cohort,
            reason=self.reason,
        )

    def _interval(self, clips: Sequence[Judged], statistic: Statistic) -> Interval:
        people = list(_by_subject(clips).values())
        return bootstrap(
            people, lambda drawn: statistic([c for person in drawn for c in person]), rng=self.rng, draws=1_000
        )


def _rate_rows(clips: Sequence[Judged], book: _Book) -> list[Row]:
    asked = [clip for clip in clips if clip.reference_rate is not None]
    if not asked:
        return []
    # A rate that is not determinable is wrong; a clip that could not be read, or had no head, was not listened to.
    scored = [clip for clip in asked if clip.decided is not None]
    rates = [Rate(sum(bool(within(c)) for c in person), len(person)) for person in _by_subject(scored).values()]
    total = pooled(rates)
    low, high = pooled_bootstrap(rates, rng=book.rng)
    undetermined = sum(clip.rate is None for clip in scored)
    reason = f"{undetermined} of {len(scored)} not determinable, counted as wrong" if undetermined else book.reason
    return [
        Row(
            dataset=book.dataset,
            arm=book.arm,
            metric="breathing_rate_within_2",
            value=total.value,
            low=low,
            high=high,
            errors=total.errors,
            total=total.total,
            n_scored=len(scored),
            n_unscored=len(asked) - len(scored),
            reason=reason,
        )
    ]


def _by_subject(clips: Sequence[Judged]) -> dict[str, list[Judged]]:
    people: dict[str, list[Judged]] = {}
    for clip in clips:
        people.setdefault(clip.subject, []).append(clip)
    return people


def _macro(clips: Sequence[Judged]) -> float | None:
    return macro_f1([c.reference for c in clips], [c.decided for c in clips])


def _f1(label: str) -> Statistic:
    return lambda clips: f1_by_label([c.reference for c in clips], [c.decided for c in clips]).get(label)


def _auroc(label: str) -> Statistic:
    return lambda clips: auroc([c.reference == label for c in clips], [label_score(c, label) for c in clips])


def _mean_auroc(clips: Sequence[Judged]) -> float | None:
    values = [_auroc(label)(clips) for label in sorted({c.reference for c in clips})]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _mean_error(clips: Sequence[Judged]) -> float | None:
    errors = [
        expected_calibration_error([c.reference == label for c in clips], [label_score(c, label) for c in clips])
        for label in sorted({c.reference for c in clips})
    ]
    known = [error for error in errors if error is not None]
    return float(np.mean(known)) if known else None


def _same_length(first: Sequence[object], second: Sequence[object]) -> None:
    if len(first) != len(second):
        raise LengthMismatchError(f"{len(first)} references and {len(second)} decisions; they must pair up")
