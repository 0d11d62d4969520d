"""Labelled clips -> a calibrated linear head, judged on subjects that it was not fitted on.

Nested: regularisation and calibration are chosen by inner folds of the training subjects alone; the outer folds only
measure. Fitting needs scikit-learn (the `evaluation` extra); using a fitted head does not.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.acoustic.head import LinearHead
from vaidya.errors import DataError, TooFewSubjectsError

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # inverse regularisation, on standardised vectors
OUTER_FOLDS, INNER_FOLDS = 5, 4
WINDOWS_PER_CLIP = 8  # a long recording must not outvote a short one, nor cost more
SMALLEST_SCALE = 1e-3
RAREST = 1e-3  # a label that was never met is rare, not impossible


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled clip: vectors of its windows, shape (n, dimension); what is heard; whose sound it is.

    variants: vectors of the same sound as other machines would have recorded it; fitted on, never judged on.
    """

    vectors: np.ndarray
    label: str
    subject: str
    variants: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head, the regularisation that inner folds chose, and the calibration's slopes, one a label."""

    head: LinearHead
    strength: float
    slopes: tuple[float, ...]


def folds_of(examples: Sequence[Example], count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Indices of training and test clips; no subject stands on both sides, labels are spread evenly.

    Raises:
        DataError: a clip has no label or no subject.
        TooFewSubjectsError: there are fewer subjects than folds, or no label has as many clips.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if any(not example.label or not example.subject for example in examples):
        raise DataError("a clip has no label or no subject: label it or leave it out; it is not a clip of nothing")
    subjects = [example.subject for example in examples]
    most = max(Counter(example.label for example in examples).values(), default=0)
    if len(set(subjects)) < count or most < count:
        raise TooFewSubjectsError(
            f"{len(set(subjects))} subjects with at most {most} clips of a label cannot be split into {count} folds"
        )
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(examples, [example.label for example in examples], subjects))


def out_of_fold(examples: Sequence[Example], labels: tuple[str, ...], *, seed: int) -> list[np.ndarray]:
    """Probabilities of every window by a head that saw nobody of the clip's subject: one (n, labels) array a clip.

    Raises:
        TooFewSubjectsError: the clips cannot be split so, the outer or the inner way.
    """
    found: list[np.ndarray] = [np.empty((0, len(labels)))] * len(examples)
    for train, test in folds_of(examples, OUTER_FOLDS, seed):
        head = fit([examples[i] for i in train], labels, seed=seed).head
        for i in test:
            found[i] = head.probabilities(examples[i].vectors)
    return found


def fit(examples: Sequence[Example], labels: tuple[str, ...], *, seed: int) -> Fitted:
    """A head for each label against all others, with regularisation and calibration from inner folds by subject."""
    from threadpoolctl import threadpool_limits

    # Matrices this small gain nothing from threads, and on a busy machine lose most of the time waiting for each other.
    with threadpool_limits(limits=1):
        return _fit(examples, labels, seed)


def _fit(examples: Sequence[Example], labels: tuple[str, ...], seed: int) -> Fitted:
    folds = folds_of(examples, INNER_FOLDS, seed)
    targets, shares = _targets(examples, labels), _shares(examples)
    tried = [(strength, _inner_logits(examples, labels, folds, strength)) for strength in STRENGTHS]
    losses = []
    for _, logits in tried:
        lines = [_platt(logits[:, k], targets[:, k], shares) for k in range(len(labels))]
        losses.append(sum(_loss(logits[:, k], targets[:, k], shares, line) for k, line in enumerate(lines)))
    strength, logits = tried[int(np.argmin(losses))]
    lines = [_platt(logits[:, k], targets[:, k], shares) for k in range(len(labels))]
    head = _calibrated(_fit_plain(examples, labels, strength), lines)
    return Fitted(head, strength, tuple(slope for slope, _ in lines))


def _chosen(example: Example) -> np.ndarray:
    """At most `WINDOWS_PER_CLIP` windows, evenly spread."""
    n = len(example.vectors)
    return example.vectors[np.linspace(0, n - 1, min(n, WINDOWS_PER_CLIP)).round().astype(int)]


def _with_variants(examples: Sequence[Example]) -> list[Example]:
    """Every variant as a clip of its own, and the recording itself."""
    return [
        Example(vectors, example.label, example.subject)
        for example in examples
        for vectors in (example.vectors, *example.variants)
        if len(vectors)
    ]


def _stack(examples: Sequence[Example]) -> np.ndarray:
    return np.concatenate([_chosen(example) for example in examples]).astype(np.float64)


def _targets(examples: Sequence[Example], labels: tuple[str, ...]) -> np.ndarray:
    """Weak labels: every window of a clip bears the clip's label. Shape (windows, labels) of 0 and 1."""
    rows = [[float(example.label == label) for label in labels] for example in examples for _ in _chosen(example)]
    return np.array(rows)


def _shares(examples: Sequence[Example]) -> np.ndarray:
    """Weight of each window: a clip counts once, however many windows it has."""
    return np.array([1 / len(chosen) for chosen in map(_chosen, examples) for _ in chosen])


def _fit_plain(examples: Sequence[Example], labels: tuple[str, ...], strength: float) -> LinearHead:
    from sklearn.linear_model import LogisticRegression

    examples = _with_variants(examples)
    vectors, targets, shares = _stack(examples), _targets(examples, labels), _shares(examples)
    mean = np.average(vectors, axis=0, weights=shares)
    scale = np.maximum(np.sqrt(np.average((vectors - mean) ** 2, axis=0, weights=shares)), SMALLEST_SCALE)
    weights, biases = [], []
    for column in targets.T:
        if np.ptp(column) == 0:  # a label that these clips lack, or that all bear: nothing can be learnt about it
            weights.append(np.zeros(len(mean)))
            biases.append(0.0)
            continue
        # Rare labels weigh as much as common ones; calibration puts their true share back.
        balance = np.where(column > 0, 0.5 / (shares @ column), 0.5 / (shares @ (1 - column))) * shares
        model = LogisticRegression(C=strength, max_iter=500)
        model.fit((vectors - mean) / scale, column, sample_weight=balance * len(balance))
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
    return LinearHead(labels, mean, scale, np.array(weights), np.array(biases))


def _inner_logits(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    strength: float,
) -> np.ndarray:
    parts: list[np.ndarray] = [np.empty(0)] * len(examples)
    for train, test in folds:
        head = _fit_plain([examples[i] for i in train], labels, strength)
        for i in test:
            parts[i] = ((_chosen(examples[i]) - head.mean) / head.scale) @ head.weight.T + head.bias
    return np.concatenate(parts)


def _platt(logits: np.ndarray, target: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Slope and offset that make held-out logits probabilities (Platt 1999), by weak regularisation."""
    from sklearn.linear_model import LogisticRegression

    if np.ptp(target) > 0 and np.ptp(logits) > 0:
        model = LogisticRegression(C=100.0).fit(logits[:, None], target, sample_weight=shares)
        if model.coef_[0, 0] > 0:
            return float(model.coef_[0, 0]), float(model.intercept_[0])
    # A negative slope would turn the head around: it knows nothing, so it gives the label's share to everybody.
    share = float(np.clip(shares @ target / shares.sum(), RAREST, 1 - RAREST))
    return 0.0, float(np.log(share / (1 - share)))


def _loss(logits: np.ndarray, target: np.ndarray, shares: np.ndarray, line: tuple[float, float]) -> float:
    logit = line[0] * logits + line[1]
    signed = np.where(target > 0, logit, -logit)
    return float(shares @ np.logaddexp(0, -signed) / shares.sum())


def _calibrated(head: LinearHead, lines: Sequence[tuple[float, float]]) -> LinearHead:
    slopes, offsets = np.array([s for s, _ in lines]), np.array([o for _, o in lines])
    return LinearHead(head.labels, head.mean, head.scale, head.weight * slopes[:, None], head.bias * slopes + offsets)


def with_fixed_label(fitted: LinearHead, label: str, index: int) -> LinearHead:
    """One more label whose logit is one number of the vector: for a sound that no clip could teach."""
    row = np.zeros((1, fitted.weight.shape[1]))
    row[0, index] = fitted.scale[index]
    bias = np.append(fitted.bias, fitted.mean[index])
    return LinearHead((*fitted.labels, label), fitted.mean, fitted.scale, np.vstack([fitted.weight, row]), bias)
