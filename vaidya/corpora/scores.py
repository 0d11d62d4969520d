"""People's scores of automatic notes: the correlation study of MTS-Dialog, by which metrics are judged.

Ben Abacha et al., EACL 2023: experts marked each automatic note's facts against the reference note. The two published
tables stand row by row beside each other; the score table names no note.
"""

from dataclasses import dataclass
from pathlib import Path

from vaidya.corpora.convert import read_csv
from vaidya.corpora.sets import folder_of
from vaidya.errors import DataError

STUDY = "correlation-study"


@dataclass(frozen=True, slots=True)
class ScoredNote:
    """An automatic note of a dialogue, the reference, and what people found; every share in [0, 1].

    hallucination_rate, omission_rate: None where the table holds a number outside that range (it marks "not rated").
    """

    id: str
    dialogue: str
    reference: str
    automatic: str
    factual_precision: float
    factual_recall: float
    factual_f1: float
    hallucination_rate: float | None
    omission_rate: float | None


def mts_human_scores() -> list[ScoredNote]:
    """Every scored note, in the study's order.

    Raises:
        DataError: the study is not here, or its two tables do not stand row by row beside each other.
    """
    folder = folder_of("mts-dialog") / STUDY
    notes, scores = (_table(folder / name) for name in ("automatic_summaries.csv", "manual_scores.csv"))
    if len(notes) != len(scores):
        raise DataError(f"the study has {len(notes)} notes and {len(scores)} rows of scores; they must pair up")
    return [_scored(n, note, score) for n, (note, score) in enumerate(zip(notes, scores, strict=True))]


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DataError(f"{path} is not there: `vaidya data pull mts-dialog` fetches the correlation study")
    return read_csv(path)


def _scored(number: int, note: dict[str, str], score: dict[str, str]) -> ScoredNote:
    try:
        return ScoredNote(
            id=f"study-{number:03d}",
            dialogue=note["Dialogue"],
            reference=note["Reference Summary"],
            automatic=note["Automatic Summary"],
            factual_precision=float(score["FactualPrecision"]),
            factual_recall=float(score["FactualRecall"]),
            factual_f1=float(score["FactualF1"]),
            hallucination_rate=_share(score["HallucinationRate"]),
            omission_rate=_share(score["OmissionRate"]),
        )
    except (KeyError, ValueError) as error:
        raise DataError(f"row {number + 1} of the correlation study lacks a column or a number: {error}") from error


def _share(text: str) -> float | None:
    value = float(text)
    return value if 0 <= value <= 1 else None
