"""Whether a metric deserves trust: its rank correlation with human scores, and raters' agreement among themselves."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from vaidya.corpora.scores import ScoredNote
from vaidya.errors import LengthMismatchError
from vaidya.evaluation.interval import Interval, bootstrap
from vaidya.evaluation.note_encoder import bertscore
from vaidya.evaluation.note_lexical import ROUGE, rouge
from vaidya.evaluation.note_support import unsupported_statements
from vaidya.language import sentences
from vaidya.schema import Case, NoteState, SoapNote, Statement, Turn
from vaidya.schema.base import Contract

FLOOR = 0.4  # Spearman's rho; below it a metric ranks notes too unlike people do to decide about a version


class Agreement(Contract):
    """One metric against one human score. correlation: Spearman's, None when undefined, with its 95 % interval.

    n: notes. dialogues: those that the notes are of; one dialogue's notes are not independent.
    """

    metric: str
    human: str
    correlation: float | None
    low: float | None
    high: float | None
    n: int
    dialogues: int

    @property
    def may_gate(self) -> bool:
        """Whether even the lower bound reaches the floor."""
        return self.low is not None and self.low >= FLOOR


_SPEAKER: dict[str, Literal["patient", "clinician"]] = {"patient": "patient", "doctor": "clinician"}


def metric_agreement(scored: Sequence[ScoredNote]) -> list[Agreement]:
    """Each metric that needs no fact list beside the human score that it claims to stand for.

    Overlap is compared with people's factual F1, our unsupported statements with their hallucination rate.
    """
    from tqdm.auto import tqdm

    values: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
    for note in tqdm(scored, desc="notes", disable=len(scored) < 20):
        for metric, (human, value) in _measures(note).items():
            meant = getattr(note, human)
            if value is not None and meant is not None:
                values.setdefault((metric, human), []).append((meant, value, note.dialogue))
    return [_agreement(*key, found) for key, found in values.items()]


def _agreement(metric: str, human: str, found: Sequence[tuple[float, float, str]]) -> Agreement:
    people, ours, dialogues = zip(*found, strict=True)
    rho, (low, high) = rank_correlation(people, ours, rng=np.random.default_rng(7), groups=dialogues)
    return Agreement(
        metric=metric,
        human=human,
        correlation=rho,
        low=low,
        high=high,
        n=len(found),
        dialogues=len(set(dialogues)),
    )


def _measures(note: ScoredNote) -> dict[str, tuple[str, float | None]]:
    overlap = rouge(note.reference, note.automatic)
    return {
        **{name: ("factual_f1", overlap[name]) for name in ROUGE},
        "bertscore": ("factual_f1", bertscore(note.reference, note.automatic)),
        "unsupported_statements": ("hallucination_rate", _unsupported(note)),
    }


def _unsupported(note: ScoredNote) -> float | None:
    """The share of the automatic note's sentences that its dialogue does not bear out."""
    turns = [line.partition(":") for line in note.dialogue.splitlines() if line.strip()]
    case = Case(
        id=note.id,
        dataset="mts-dialog",
        language="en",
        turns=tuple(
            Turn(speaker=_SPEAKER.get(who.strip().casefold(), "unknown"), text=said.strip() or who)
            for who, _, said in turns
        ),
        licence="CC-BY-4.0",
        synthetic=False,
    )
    written = [sentence.text for line in note.automatic.splitlines() for sentence in sentences(line)]
    statements = tuple(Statement(text=text, evidence=(), supported=True) for text in written)
    return unsupported_statements(case, SoapNote(state=NoteState.DRAFTED, subjective=statements)).value


def rank_correlation(
    human: Sequence[float], metric: Sequence[float], *, rng: np.random.Generator, groups: Sequence[str] | None = None
) -> tuple[float | None, Interval]:
    """Spearman's rank correlation of a metric with human scores, and its BCa bootstrap interval.

    groups: what each note is of; whole groups are resampled, each note by itself without them. In [-1, 1]; None with
    fewer than three notes or when either side is constant.

    Raises:
        LengthMismatchError: the sequences differ in length.
    """
    if len(human) != len(metric):
        raise LengthMismatchError(f"{len(human)} human scores and {len(metric)} metric values; one each is needed")
    pairs = list(zip(human, metric, strict=True))
    together: dict[object, list[tuple[float, float]]] = {}
    for place, pair in enumerate(pairs):
        together.setdefault(groups[place] if groups else place, []).append(pair)
    return _spearman(pairs), bootstrap(list(together.values()), _of_groups, rng=rng)


def _of_groups(drawn: Sequence[Sequence[tuple[float, float]]]) -> float | None:
    return _spearman([pair for group in drawn for pair in group])


def _spearman(pairs: Sequence[tuple[float, float]]) -> float | None:
    from scipy.stats import rankdata

    if len(pairs) < 3:
        return None
    first, second = (rankdata(values) for values in zip(*pairs, strict=True))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]]) -> float | None:
    """Krippendorff's alpha for interval data: 1 is perfect agreement, 0 what chance gives.

    ratings: one sequence a rater (or repeat), one value a unit, None where missing. None when no unit has two values
    or when all values are the same. Definition: Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.

    >>> krippendorff_alpha([[1, 2, 3, None], [1, 2, 3, 4]])
    1.0
    """
    units = [[v for v in unit if v is not None] for unit in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = np.array([value for unit in units for value in unit], dtype=float)
    if len(values) < 2 or np.ptp(values) == 0:
        return None
    observed = sum(_differences(np.array(unit, dtype=float)) / (len(unit) - 1) for unit in units) / len(values)
    expected = _differences(values) / (len(values) * (len(values) - 1))
    alpha = 1 - observed / expected
    return alpha if math.isfinite(alpha) else None


def _differences(values: np.ndarray) -> float:
    """The sum of squared differences over all ordered pairs."""
    return float(((values[:, None] - values[None, :]) ** 2).sum())
