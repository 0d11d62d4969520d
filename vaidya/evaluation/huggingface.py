"""Our metrics the Hugging Face way: `evaluate.load("eval/metrics/<name>")`, offline.

Each module of `eval/metrics/` names one of these classes and one pure function; nothing is computed twice. A result is
`{"value", "errors", "total"}`; `value` is None when undefined.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import datasets
import evaluate
import numpy as np

from vaidya.errors import LengthMismatchError
from vaidya.evaluation.outcome import Outcome, Scorer
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.rows import ALL, Row
from vaidya.schema import Case, SoapNote, Tier, TriageRecord

TEXT = datasets.Value("string")
NUMBER = datasets.Value("float64")


class _Metric(evaluate.Metric):
    """A metric whose card is `eval/cards/<name>.md`."""

    prediction: ClassVar[Any] = TEXT
    reference: ClassVar[Any] = TEXT
    inputs: ClassVar[str] = ""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": self.prediction, "references": self.reference})
        return evaluate.MetricInfo(
            description=type(self).__doc__ or "", citation="", inputs_description=self.inputs, features=features
        )


def result(rate: Rate) -> dict[str, float | None]:
    """A rate as the result of a metric."""
    return {"value": rate.value, "errors": rate.errors, "total": rate.total}


class TierMetric(_Metric):
    """Tiers by name; the function takes references first."""

    inputs = "predictions, references: tier names such as URGENT"
    function: ClassVar[Callable[..., Any]]

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float | None]:
        value = type(self).function([Tier[name] for name in references], [Tier[name] for name in predictions])
        return result(value) if isinstance(value, Rate) else {"value": value}


class TextMetric(_Metric):
    """Texts; the function takes one reference and one hypothesis, and counts are pooled over pairs."""

    inputs = "predictions, references: texts"
    function: ClassVar[Callable[..., Rate]]

    def _compute(self, predictions: list[str], references: list[str], **options: Any) -> dict[str, float | None]:
        pairs = zip(references, predictions, strict=True)
        return result(pooled(type(self).function(reference, text, **options) for reference, text in pairs))


class OverlapMetric(_Metric):
    """Texts; the function scores a pair, by one number or several by name; the mean over scored pairs is the result."""

    inputs = "predictions, references: texts"
    function: ClassVar[Callable[..., Any]]
    key: ClassVar[str | None] = None

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float | None]:
        pairs = list(zip(references, predictions, strict=True))
        found = [type(self).function(reference, text) for reference, text in pairs]
        scores = [score for score in (one[self.key] if self.key else one for one in found) if score is not None]
        return {"value": sum(scores) / len(scores) if scores else None}


class NoteMetric(_Metric):
    """Notes and cases as JSON of `SoapNote` and `Case`; counts are pooled over pairs."""

    inputs = "predictions: SoapNote JSON; references: Case JSON"
    function: ClassVar[Callable[..., Rate]]

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float | None]:
        if len(predictions) != len(references):
            raise LengthMismatchError(
                f"{len(predictions)} notes and {len(references)} cases; one case a note is needed"
            )
        cases = [Case.model_validate_json(text) for text in references]
        notes = [SoapNote.model_validate_json(text) for text in predictions]
        return result(pooled(type(self).function(c, n) for c, n in zip(cases, notes, strict=True)))


class RecordMetric(_Metric):
    """Records and cases as JSON of `TriageRecord` and `Case`; the result is the row of that name over all of them.

    scorer: one of `vaidya.evaluation.suite.SCORERS`. The metric's id is the module's name.
    """

    inputs = "predictions: TriageRecord JSON; references: Case JSON"
    scorer: ClassVar[Scorer]

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float | None]:
        outcomes = [
            Outcome(Case.model_validate_json(case), record=TriageRecord.model_validate_json(record))
            for case, record in zip(references, predictions, strict=True)
        ]
        name = type(self).__module__.rpartition(".")[2]
        rows = type(self).scorer(outcomes, dataset="given", arm="given", rng=np.random.default_rng(0))
        row = next((row for row in rows if row.metric == name and row.cohort == ALL), None)
        found = row or Row(dataset="given", arm="given", metric=name, value=None, n_scored=0, n_unscored=len(outcomes))
        return {"value": found.value, "errors": found.errors, "total": found.total}


class ScoreMetric(_Metric):
    """Numbers: labels 0 or 1 as references, scores as predictions."""

    prediction = NUMBER
    reference = NUMBER
    inputs = "predictions: scores; references: 0 or 1"
    function: ClassVar[Callable[..., float | None]]

    def _compute(self, predictions: list[float], references: list[float]) -> dict[str, float | None]:
        return {"value": type(self).function(references, predictions)}


class LabelMetric(_Metric):
    """Class labels by name."""

    inputs = "predictions, references: labels"
    function: ClassVar[Callable[..., float | None]]

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float | None]:
        return {"value": type(self).function(references, predictions)}
