"""Coughs, breaths and other sounds with a label and a subject, from the layouts in which they are published.

Every reader refuses a row without a label, and gives each clip a `subject`: the person, or, where the source does not
say who is heard, the source recording. Clips of one subject must never stand on both sides of a split.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from vaidya.corpora.lines import Refused, made
from vaidya.corpora.text import slug
from vaidya.errors import DataError, DataMissingError
from vaidya.schema import Case

Attributes = dict[str, str | float | bool | None]
LABELS = ("breath", "cough", "sneeze", "snore", "speech", "other")
ESC50_LABELS = {"sneezing": "sneeze", "breathing": "breath", "coughing": "cough", "snoring": "snore"}
COSWARA_LABELS = {
    "breathing-deep": "breath",
    "breathing-shallow": "breath",
    "cough-heavy": "cough",
    "cough-shallow": "cough",
    "counting-fast": "speech",
    "counting-normal": "speech",
}
COSWARA_ILL = {"positive_mild", "positive_moderate", "positive_asymp"}
COSWARA_WELL = {"healthy"}
# COUGHVID's own advice: below this share of "cough detected" a file may hold no cough.
COUGHVID_DETECTED_MIN = 0.8
# ICBHI 2017 names a file subject_recording_place_mode_device, for example 101_1b1_Al_sc_Meditron.
_ICBHI = re.compile(r"^(?P<subject>\d+)_(?P<index>\w+)_(?P<place>\w+)_(?P<mode>sc|mc)_(?P<device>\w+)$")


def respiratory(folder: Path) -> Iterator[Case | Refused]:
    """The mixed set: coughs by phone, stethoscope breathing at a known rate, sneezes, other sounds and speech.

    label: breath, cough, sneeze or other; speech clips are `other` with a fine label that starts with "speech".
    """
    return made(_table(folder / "labels.csv"), _clip)


def _clip(row: Mapping[str, str], where: str) -> Case:
    return _case(
        "respiratory",
        row["file"],
        {
            "label": _label(row, "label", where),
            "fine_label": row["fine_label"],
            "subject": _subject(row),
            "source": row["dataset"],
            "respiratory_rate_bpm": _number(row["respiratory_rate_bpm"], where),
            "covid19": _truth(row["covid19"]),
            "covid_verified": _truth(row["covid_verified"]),
            "channel": row["channel"] or row["device"] or None,
        },
        licence=row["license"],
        speech=row["fine_label"].startswith("speech"),
    )


def esc50(folder: Path) -> Iterator[Case]:
    """ESC-50 (Piczak 2015): `meta/esc50.csv`, `audio/*.wav`; the subject is the freesound recording."""
    for where, row in _table(folder / "meta" / "esc50.csv"):
        yield _case(
            "esc50",
            f"audio/{row['filename']}",
            {
                "label": ESC50_LABELS.get(_given(row, "category", where), "other"),
                "fine_label": row["category"],
                "subject": f"fs-{row['src_file']}",
                "source": "ESC-50",
                "fold": row["fold"],
            },
            licence="CC BY-NC 3.0",
        )


def coughvid(folder: Path) -> Iterator[Case]:
    """COUGHVID (Orlandic 2021): one file a submission with its JSON; files in which a cough is doubtful are left out.

    Submissions are anonymous: the subject is the submission, and one person may have made several.
    """
    for path in sorted(folder.rglob("*.json")):
        row = _object(path)
        if float(str(row.get("cough_detected", 0))) < COUGHVID_DETECTED_MIN:
            continue
        sound = next(
            (path.with_suffix(end) for end in (".webm", ".ogg", ".wav") if path.with_suffix(end).is_file()), None
        )
        if sound is None:
            raise DataError(f"{path.name} has no recording beside it; pull the set again")
        status = row.get("status")
        yield _case(
            "coughvid",
            sound.relative_to(folder).as_posix(),
            {
                "label": "cough",
                "fine_label": "voluntary_cough",
                "subject": f"coughvid-{path.stem}",
                "source": "COUGHVID",
                "covid19": {"COVID-19": True, "healthy": False}.get(str(status)),
                "respiratory_condition": _truth(row.get("respiratory_condition")),
                "channel": "browser",
            },
            licence="CC BY 4.0",
        )


def coswara(folder: Path) -> Iterator[Case]:
    """Coswara (Bhattacharya 2023): `combined_data.csv` and `DATE/ID/*.wav`, extracted; vowels are left out."""
    people = {row["id"]: row for _, row in _table(folder / "combined_data.csv")}
    for path in sorted(folder.glob("*/*/*.wav")):
        person, label = people.get(path.parent.name), COSWARA_LABELS.get(path.stem)
        if label is None:
            continue
        if person is None:
            raise DataError(f"{path.parent.name} is not in combined_data.csv; pull the set again")
        status = person["covid_status"]
        yield _case(
            "coswara",
            path.relative_to(folder).as_posix(),
            {
                "label": label,
                "fine_label": path.stem,
                "subject": f"coswara-{person['id']}",
                "source": "Coswara",
                "covid19": True if status in COSWARA_ILL else False if status in COSWARA_WELL else None,
                "channel": "browser",
            },
            licence="CC BY 4.0",
            speech=label == "speech",
        )


def icbhi(folder: Path) -> Iterator[Case]:
    """ICBHI 2017 (Rocha 2019): `NAME.wav` and `NAME.txt` (start, end, crackle, wheeze of each breath), by stethoscope.

    respiratory_rate_bpm: from the annotated cycles, None with fewer than three.
    """
    for path in sorted(folder.rglob("*.wav")):
        name = _ICBHI.match(path.stem)
        if name is None:
            raise DataError(f"{path.name} is not named subject_recording_place_mode_device, as ICBHI 2017 names files")
        cycles = _cycles(path.with_suffix(".txt"))
        yield _case(
            "icbhi",
            path.relative_to(folder).as_posix(),
            {
                "label": "breath",
                "fine_label": "stethoscope_breathing",
                "subject": f"icbhi-{name['subject']}",
                "source": "ICBHI 2017",
                "crackle": any(cycle[2] > 0 for cycle in cycles),
                "wheeze": any(cycle[3] > 0 for cycle in cycles),
                "respiratory_rate_bpm": _rate(cycles),
                "channel": name["device"],
            },
            licence="free for research (ICBHI 2017 challenge)",
        )


def _case(dataset: str, file: str, attributes: Attributes, *, licence: str, speech: bool = False) -> Case:
    return Case(
        id=slug(Path(file).with_suffix("").as_posix().removeprefix("clips/")),
        dataset=dataset,
        audio=file,
        speech=speech,
        attributes=attributes,
        licence=licence,
        synthetic=False,
    )


class _Columns(dict[str, str]):
    """A row that names the column it lacks."""

    where = ""

    def __missing__(self, column: str) -> str:
        raise DataError(f"{self.where} has no column {column!r}")


def _table(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    if not path.is_file():
        raise DataMissingError(f"{path} is missing; `vaidya data list` says how to get this set")
    with path.open(encoding="utf-8", newline="") as stream:
        for number, cells in enumerate(csv.DictReader(stream), start=2):
            row = _Columns({column: cell or "" for column, cell in cells.items() if column is not None})
            row.where = f"{path.name} line {number}"
            yield row.where, row


def _label(row: Mapping[str, str], column: str, where: str) -> str:
    label = _given(row, column, where)
    if label not in LABELS:
        raise DataError(f"{where}: {label!r} is not one of {', '.join(LABELS)}")
    return label


def _given(row: Mapping[str, str], column: str, where: str) -> str:
    # A clip without a label is not a clip of nothing: counting it as a negative would flatter every probe.
    value = (row.get(column) or "").strip()
    if not value:
        raise DataError(f"{where} has no {column}; label it or remove the row")
    return value


def _subject(row: Mapping[str, str]) -> str:
    """Speakers of whom nothing is known are pooled by source and language: two clips may be one person."""
    known = row["subject"] if row["subject"] != "unknown" else ""
    return known or f"{row['dataset']}-{row['fine_label']}"


def _number(text: str, where: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as error:
        raise DataError(f"{where}: {text!r} is not a number") from error


def _truth(value: object) -> bool | None:
    """True and False as published in many spellings; anything else is unknown, never False."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def _object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path.name} is not JSON; pull the set again") from error
    if not isinstance(value, dict):
        raise DataError(f"{path.name} holds no JSON object; pull the set again")
    return value


def _cycles(path: Path) -> list[tuple[float, ...]]:
    if not path.is_file():
        raise DataError(f"{path.name} is missing beside its recording; pull the set again")
    rows = [
        tuple(float(cell) for cell in line.split())
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    if any(len(row) != 4 for row in rows):
        raise DataError(f"{path.name}: each line must hold start, end, crackle and wheeze")
    return rows


def _rate(cycles: list[tuple[float, ...]]) -> float | None:
    if len(cycles) < 3:
        return None
    return 60 * len(cycles) / (cycles[-1][1] - cycles[0][0])
