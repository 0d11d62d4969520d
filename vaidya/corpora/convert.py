"""Published files -> the JSONL that the readers take. One function a set; each reads `raw/` and writes beside it.

The layout of the JSONL is described in data/README.md. Labels are mapped to tiers as `sets.yaml` says.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vaidya.corpora.triage import KTAS_TIERS
from vaidya.errors import DataError

Json = dict[str, Any]

OSCE_SYSTEMS = {
    "RES": "respiratory",
    "MSK": "musculoskeletal",
    "GAS": "gastrointestinal",
    "CAR": "cardiac",
    "DER": "dermatological",
    "GEN": "general",
}
SEMIGRAN_TIERS = {"emergency": ["EMERGENCY"], "non_emergency": ["URGENT", "SEMI_URGENT"], "self_care": ["ROUTINE"]}
# Codes of the published table, as its description on Kaggle gives them.
ARRIVALS = {"1": "walking", "2": "public ambulance", "3": "private vehicle", "4": "private ambulance"}
MENTAL_STATES = {"1": "alert", "2": "verbal", "3": "pain", "4": "unresponsive"}


def write_jsonl(path: Path, rows: Iterable[Json]) -> None:
    """One object a line, UTF-8; written whole or not at all."""
    draft = path.with_suffix(".partial")
    draft.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    draft.replace(path)


def read_csv(path: Path, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a table by column name.

    Raises:
        DataError: the bytes are not in that encoding.
    """
    try:
        text = path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not {encoding} text; it is not the published file") from error
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def _need(row: dict[str, str], column: str, path: Path) -> str:
    if column not in row:
        raise DataError(f"{path.name} has no column {column!r}; it is not the published file")
    return row[column] or ""


def mts_dialog(folder: Path) -> None:
    """Four tables, one a split."""
    for path in sorted((folder / "raw").glob("*.csv")):
        split = path.stem
        write_jsonl(
            folder / f"{split}.jsonl",
            (
                {
                    "id": f"mts-{split}-{_need(row, 'ID', path)}",
                    "split": split,
                    "section_header": _need(row, "section_header", path),
                    "section_text": _need(row, "section_text", path),
                    "dialogue": _need(row, "dialogue", path),
                }
                for row in read_csv(path)
            ),
        )


def aci_bench(folder: Path) -> None:
    """Encounters joined with their metadata; names of people in the metadata are left out."""
    for path in sorted(p for p in (folder / "raw").glob("*.csv") if not p.stem.endswith("_metadata")):
        about = {row["encounter_id"]: row for row in read_csv(path.with_name(f"{path.stem}_metadata.csv"))}
        rows = read_csv(path)
        write_jsonl(folder / f"{path.stem}.jsonl", (_aci_row(row, about, path) for row in rows))


def _aci_row(row: dict[str, str], about: dict[str, dict[str, str]], path: Path) -> Json:
    known = about.get(_need(row, "encounter_id", path), {})
    return {
        "id": row["encounter_id"],
        "split": path.stem,
        "subset": row.get("dataset", ""),
        "patient_gender": known.get("patient_gender", ""),
        "patient_age": known.get("patient_age", ""),
        "chief_complaint": known.get("cc", ""),
        "secondary_complaints": known.get("2nd_complaints", ""),
        "dialogue": _need(row, "dialogue", path),
        "note": _need(row, "note", path),
        "dialogue_variants": {},
    }


def semigran45(folder: Path) -> None:
    """Vignettes with their published label, mapped."""
    path = folder / "raw" / "semigran_vignettes.json-lines"
    texts = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    write_jsonl(folder / "vignettes.jsonl", (_semigran_row(n, row, path) for n, row in enumerate(texts, start=1)))


def _semigran_row(number: int, row: Json, path: Path) -> Json:
    label = re.sub(r"[^a-z]+", "_", str(_first(row, ("true_urgency", "urgency", "label", "triage"), path)).lower())
    if label not in SEMIGRAN_TIERS:
        raise DataError(f"{path.name} line {number}: label {label!r} is not one of {', '.join(SEMIGRAN_TIERS)}")
    text = _first(row, ("case_description", "vignette", "text", "description"), path)
    tiers = SEMIGRAN_TIERS[label]
    return {"id": f"semigran-{number:02d}", "text": text, "source_label": label, "acceptable_tiers": tiers}


def _first(row: Json, names: tuple[str, ...], path: Path) -> Any:
    found = next((row[name] for name in names if name in row), None)
    if found is None:
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}; it is not the published file")
    return found


def physician200(folder: Path) -> None:
    """Messages with the physicians' action, mapped; benign ones are those marked as false alarms to avoid."""
    path = folder / "raw" / "physician_test_clean_n200.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    write_jsonl(folder / "messages.jsonl", (_physician_row(row) for row in rows))


def _physician_row(row: Json) -> Json:
    actions = row.get("required_actions") or []
    if row["action_truth"] == "Call 911/988":
        tiers: list[str] | None = ["EMERGENCY"]
    else:
        tiers = ["SEMI_URGENT", "ROUTINE"] if "avoid_false_alarm" in actions else None
    return {
        "id": row["name"],
        "text": row["message"],
        "hazard_category": row["hazard_category"],
        "variant_type": row.get("variant_type"),
        "source_action": row["action_truth"],
        "source_detection": row["detection_truth"],
        "required_actions": actions,
        "acceptable_tiers": tiers,
    }


def ktas1267(folder: Path) -> None:
    """The published table, decoded; diagnosis and disposition are left out, since they are known only later."""
    path = folder / "raw" / "data.csv"
    rows = read_csv(path, encoding="latin-1", delimiter=";")
    write_jsonl(folder / "cases.jsonl", (_ktas_row(n, row, path) for n, row in enumerate(rows, start=1)))


def _ktas_row(number: int, row: dict[str, str], path: Path) -> Json:
    level = int(_need(row, "KTAS_expert", path))
    return {
        "id": f"ktas-{number:04d}",
        "age": _number(row["Age"]),
        "sex": {"1": "female", "2": "male"}.get(row["Sex"]),
        "arrival_mode": ARRIVALS.get(row["Arrival mode"], "other"),
        "injury": row["Injury"] == "2",
        "chief_complaint": _readable(row["Chief_complain"]),
        "mental": MENTAL_STATES.get(row["Mental"]),
        "pain": row["Pain"] == "1",
        "nrs_pain": _number(row["NRS_pain"]),
        "sbp": _number(row["SBP"]),
        "dbp": _number(row["DBP"]),
        "hr": _number(row["HR"]),
        "rr": _number(row["RR"]),
        "temp_c": _number(row["BT"]),
        "spo2": _number(row["Saturation"]),
        "ktas_expert": level,
        "ktas_nurse": int(_need(row, "KTAS_RN", path)),
        "suggested_tier": KTAS_TIERS[level].value,
    }


def _readable(complaint: str) -> str | None:
    """The complaint, unless it is one of those whose Korean was lost in the published file."""
    return complaint.strip() if re.search(r"[A-Za-z]", complaint) else None


def _number(text: str) -> float | None:
    """A number with a decimal point or comma; the table's error marks and blanks are missing values."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def osce272(folder: Path) -> None:
    """Transcripts out of the archive; a line starts with D: or P:."""
    with zipfile.ZipFile(folder / "raw" / "transcripts.zip") as archive:
        names = sorted(name for name in archive.namelist() if re.search(r"Clean Transcripts/[A-Z]{3}\d+\.txt$", name))
        texts = [(Path(name).stem, archive.read(name).decode("utf-8", errors="replace")) for name in names]
    write_jsonl(
        folder / "transcripts.jsonl",
        (
            {"id": stem, "system": OSCE_SYSTEMS.get(stem[:3], ""), "turns": list(_osce_turns(text))}
            for stem, text in texts
        ),
    )


def _osce_turns(text: str) -> Iterator[Json]:
    speakers = {"D": "doctor", "P": "patient"}
    for part in re.split(r"^(?=[DP]:)", text, flags=re.MULTILINE):
        if part[:2] in ("D:", "P:") and part[2:].strip():
            yield {"speaker": speakers[part[0]], "text": " ".join(part[2:].split())}


def primock57(folder: Path) -> None:
    """Notes and transcripts out of the archive; the spreadsheets with the fact checklists are not read."""
    with zipfile.ZipFile(folder / "raw" / "primock57.zip") as archive:
        members = {"/".join(Path(name).parts[1:]): name for name in archive.namelist()}
        notes = sorted(name for name in members if re.fullmatch(r"notes/day\d+_consultation\d+\.json", name))
        write_jsonl(folder / "consultations.jsonl", [_primock_row(archive, members, name) for name in notes])


def _primock_row(archive: zipfile.ZipFile, members: dict[str, str], note: str) -> Json:
    stem = Path(note).stem
    about = json.loads(archive.read(members[note]))
    utterances = []
    for speaker in ("doctor", "patient"):
        grid = archive.read(members[f"transcripts/{stem}_{speaker}.TextGrid"]).decode("utf-8")
        utterances += [{**said, "speaker": speaker} for said in textgrid_intervals(grid)]
    return {
        "id": stem,
        "presenting_complaint": about.get("presenting_complaint", ""),
        "utterances": sorted(utterances, key=lambda said: said["start"]),
        "note": about["note"],
        "note_highlights": about.get("highlights", []),
        "fact_checklists": {},
    }


def textgrid_intervals(grid: str) -> Iterator[Json]:
    """Start, end and text of every spoken interval of a Praat TextGrid in its long form; a doubled quote is a quote."""
    pattern = r'xmin = ([\d.]+)\s*xmax = ([\d.]+)\s*text = "((?:[^"]|"")*)"'
    for start, end, text in re.findall(pattern, grid):
        if text.strip():
            yield {"start": float(start), "end": float(end), "text": text.replace('""', '"').strip()}
