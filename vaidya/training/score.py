"""Sections against references, case by case: ROUGE with intervals, seconds, and what two writers differ by."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vaidya.errors import GenerationError
from vaidya.evaluation.interval import bootstrap
from vaidya.evaluation.note_lexical import ROUGE, rouge
from vaidya.evaluation.sections import SectionExample


@dataclass(frozen=True, slots=True)
class Written:
    """One section by one writer. scores: ROUGE F1 by name, in [0, 1]; empty for a failure, and `reason` says which."""

    example: SectionExample
    text: str
    scores: dict[str, float]
    seconds: float
    reason: str | None = None


def write_all(writer: Callable[[SectionExample], str], examples: Sequence[SectionExample], name: str) -> list[Written]:
    """Every example by one writer, timed, with progress; a failure is a case with a reason."""
    from tqdm import tqdm

    return [_write(writer, example) for example in tqdm(examples, desc=name, unit="section")]


def _write(writer: Callable[[SectionExample], str], example: SectionExample) -> Written:
    start = time.perf_counter()
    try:
        text = writer(example)
    except GenerationError as error:
        return Written(example, "", {}, time.perf_counter() - start, error.code)
    return Written(example, text, rouge(example.text, text), time.perf_counter() - start)


def summary(written: Sequence[Written], rng: np.random.Generator) -> dict[str, float | int | None]:
    """Means over the cases that were scored, 95 % BCa intervals by dialogue, words and seconds a section.

    A failed case is counted in n_unscored and scores nothing: it is not a zero. Whoever needs every section reads
    `rouge1_failed_0`, where it is one.
    """
    scored = [case for case in written if case.reason is None]
    row: dict[str, float | int | None] = {"n_scored": len(scored), "n_unscored": len(written) - len(scored)}
    for name in ROUGE:
        values = [case.scores[name] for case in scored]
        row[name] = _mean(values)
        row[f"{name}_low"], row[f"{name}_high"] = bootstrap(values, _mean, rng=rng)
    row["rouge1_failed_0"] = _mean([case.scores.get("rouge1", 0.0) for case in written])
    row["words"] = _mean([len(case.text.split()) for case in scored])
    row["seconds"] = _mean([case.seconds for case in scored])
    return row


def gain(
    written: Sequence[Written], over: Sequence[Written], rng: np.random.Generator
) -> tuple[float | None, float | None, float | None]:
    """Mean difference in ROUGE-1 and its 95 % interval, over the dialogues that both writers wrote from."""
    before = {case.example.id: case.scores["rouge1"] for case in over if case.reason is None}
    paired = [
        case.scores["rouge1"] - before[case.example.id]
        for case in written
        if case.reason is None and case.example.id in before
    ]
    return (_mean(paired), *bootstrap(paired, _mean, rng=rng))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
