"""Recordings with reference text or labels: multilingual speech, and single coughs by clinical type."""

import csv
from collections.abc import Iterator
from pathlib import Path

from vaidya.corpora.lines import Line, Refused, Row, cases_of, made, parse, split_of
from vaidya.corpora.text import Who, cohort, sex, slug
from vaidya.errors import DataError, DataMissingError
from vaidya.schema import Case, Patient, Turn

DIALOGUE = "doctor_patient_dialogue"


class _Clip(Row):
    file: str
    lang: str
    text: str
    english: str | None = None
    speaker: str | None = None
    kind: str
    duration_s: float | None = None
    dataset: str = ""
    license: str


def speech_multilingual(folder: Path) -> Iterator[Case | Refused]:
    """Read speech, news and short consultations with what was said, in its own script."""
    return cases_of(folder, _clip)


def _clip(line: Line) -> Case:
    row = parse(_Clip, line)
    return Case(
        id=slug(Path(row.file).stem),
        dataset="speech_multilingual",
        audio=row.file,
        language=row.lang,
        turns=_turns(row, line),
        attributes={
            **cohort(Patient(), row.lang),
            "split": split_of(line),
            "kind": row.kind,
            "source": row.dataset,
            "speaker": row.speaker,
            "duration_s": row.duration_s,
        },
        licence=row.license,
        synthetic="tts" in row.kind,
    )


def _turns(row: _Clip, line: Line) -> tuple[Turn, ...]:
    """One turn a line of the text; in a consultation the clinician speaks first and they take turns."""
    said = [text.strip() for text in row.text.splitlines() if text.strip()]
    english = [text.strip() for text in (row.english or "").splitlines() if text.strip()]
    if english and len(english) != len(said):
        raise DataError(f"{line.where}: text has {len(said)} lines and english {len(english)}; they must pair up")
    takes_turns: tuple[Who, Who] = ("clinician", "patient") if row.kind.startswith(DIALOGUE) else ("unknown", "unknown")
    return tuple(
        Turn(speaker=takes_turns[i % 2], text=text, english=english[i] if english else None)
        for i, text in enumerate(said)
    )


def cough_types(folder: Path) -> Iterator[Case | Refused]:
    """Single coughs of named diseases: examples to listen to, too few for a score."""
    rows = ((f"labels.csv line {number}", row) for number, row in _labels(folder / "labels.csv"))
    return made(rows, _cough)


def _cough(row: dict[str, str], where: str) -> Case:
    try:
        patient = Patient(sex=sex(row["gender"]))
        return Case(
            id=slug(Path(row["file"]).stem),
            dataset="cough_types",
            audio=row["file"],
            speech=False,
            patient=patient,
            attributes={
                **cohort(patient, None),
                "label": "cough",
                "mucus": row["mucus"] == "yes",
                "wheeze": row["wheeze"] == "yes",
                "diagnosis": row["diagnosis"],
            },
            licence="CC BY 2.0",
            synthetic=False,
        )
    except KeyError as error:
        raise DataError(f"{where} has no column {error}") from error


def _labels(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise DataMissingError(f"{path} is missing; `vaidya data list` says how to get this set")
    with path.open(encoding="utf-8", newline="") as stream:
        yield from enumerate(csv.DictReader(stream), start=2)
