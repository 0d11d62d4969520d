"""Cases with a reference tier: KTAS, Semigran's vignettes, physicians' messages. The mappings are in `sets.yaml`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vaidya.corpora.lines import Line, Refused, Row, cases_of, parse, split_of
from vaidya.corpora.text import age_in, age_of, cohort, sex, sex_in, slug
from vaidya.errors import DataError
from vaidya.schema import Case, Consciousness, Patient, Tier, Turn, Vitals
from vaidya.units import VITAL_UNITS


class _Ktas(Row):
    """What is known at the door. Diagnosis and disposition are known only later: they are not even read."""

    id: str
    age: str | float | None = None
    sex: str | None = None
    arrival_mode: str | None = None
    injury: bool | None = None
    chief_complaint: str | None = None
    mental: str | None = None
    pain: bool | None = None
    nrs_pain: float | None = None
    sbp: float | None = None
    dbp: float | None = None
    hr: float | None = None
    rr: float | None = None
    temp_c: float | None = None
    spo2: float | None = None
    ktas_expert: int
    ktas_nurse: int | None = None
    suggested_tier: str | None = None


# The set records AVPU; new confusion is not among its codes.
MENTAL = {
    "alert": Consciousness.ALERT,
    "verbal": Consciousness.VOICE,
    "pain": Consciousness.PAIN,
    "unresponsive": Consciousness.UNRESPONSIVE,
}
VITAL_COLUMNS = {
    "sbp": "sbp",
    "dbp": "dbp",
    "hr": "pulse",
    "rr": "respirations",
    "temp_c": "temperature",
    "spo2": "spo2",
    "nrs_pain": "pain",
}
# KTAS level -> tier, the mapping of `sets.yaml`; used for the nurse's level, and the expert's comes mapped.
KTAS_TIERS = {1: Tier.EMERGENCY, 2: Tier.EMERGENCY, 3: Tier.URGENT, 4: Tier.SEMI_URGENT, 5: Tier.ROUTINE}


def ktas1267(folder: Path) -> Iterator[Case | Refused]:
    """Real adult emergency visits: complaint, vital signs, an expert's KTAS level and the nurse's."""
    return cases_of(folder, _visit)


def _visit(line: Line) -> Case:
    row = parse(_Ktas, line)
    vitals, refused = plausible_vitals(row)
    patient = Patient(age=age_of(row.age), sex=sex(row.sex))
    tier = read_tier(row.suggested_tier, line)
    nurse = KTAS_TIERS.get(row.ktas_nurse) if row.ktas_nurse is not None else None
    return Case(
        id=slug(row.id),
        dataset="ktas1267",
        language="en",
        complaint=row.chief_complaint or None,
        patient=patient,
        vitals=vitals,
        tier=tier,
        acceptable_tiers=(tier,),
        tier_reason=f"expert's KTAS level {row.ktas_expert}",
        attributes={
            **cohort(patient, "en"),
            "split": split_of(line),
            "ktas_expert": float(row.ktas_expert),
            "nurse_tier": nurse.value if nurse else None,
            "arrival_mode": row.arrival_mode,
            "injury": row.injury,
            "pain_reported": row.pain,
            "refused_vitals": ",".join(refused) or None,
            "spo2_measured": vitals.spo2 is not None,
        },
        licence="CC BY 4.0",
        synthetic=False,
    )


def plausible_vitals(row: _Ktas) -> tuple[Vitals, list[str]]:
    """Vital signs, and the names of those that were written down but cannot be: they count as not measured.

    A pair of pressures in the wrong order refuses both, since nobody can tell which is wrong.
    """
    measured: dict[str, Any] = {}
    refused = []
    for column, name in VITAL_COLUMNS.items():
        value, unit = getattr(row, column), VITAL_UNITS[name]
        if value is None:
            continue
        if unit.low <= value <= unit.high:
            measured[name] = float(value)
        else:
            refused.append(name)
    if "sbp" in measured and "dbp" in measured and measured["dbp"] >= measured["sbp"]:
        refused += ["sbp", "dbp"]
        del measured["sbp"], measured["dbp"]
    if row.mental is not None and row.mental not in MENTAL:
        refused.append("consciousness")
    return Vitals(**measured, consciousness=MENTAL.get(row.mental or "")), refused


def read_tier(text: str | None, line: Line) -> Tier:
    """A tier as a file states it.

    Raises:
        DataError: it is not one of the four.
    """
    tier = Tier.parse(text or "")
    if tier is None:
        raise DataError(f"{line.where}: {text!r} is not a tier; use {', '.join(Tier.__members__)}")
    return tier


class _Vignette(Row):
    id: str
    text: str
    source_label: str
    acceptable_tiers: tuple[str, ...]


def semigran45(folder: Path) -> Iterator[Case | Refused]:
    """Vignettes for symptom checkers, written in the third person; age and sex are read from their words."""
    return cases_of(folder, _vignette)


def _vignette(line: Line) -> Case:
    row = parse(_Vignette, line)
    accepted = tuple(read_tier(text, line) for text in row.acceptable_tiers)
    patient = Patient(age=age_in(row.text), sex=sex_in(row.text))
    return Case(
        id=slug(row.id),
        dataset="semigran45",
        language="en",
        turns=(Turn(speaker="unknown", text=row.text),),
        patient=patient,
        tier=accepted[0] if len(accepted) == 1 else None,
        acceptable_tiers=accepted,
        tier_reason=f"published label {row.source_label}",
        attributes={**cohort(patient, "en"), "split": split_of(line), "source_label": row.source_label},
        licence="CC BY 4.0",
        synthetic=True,
    )


class _Message(Row):
    id: str
    text: str
    hazard_category: str
    variant_type: str | None = None
    source_action: str
    source_detection: int | None = None
    acceptable_tiers: tuple[str, ...] | None = None


def physician200(folder: Path) -> Iterator[Case | Refused]:
    """Messages that patients write to a practice, made and labelled by physicians; many have no tier."""
    return cases_of(folder, _message)


def _message(line: Line) -> Case:
    row = parse(_Message, line)
    accepted = tuple(read_tier(text, line) for text in row.acceptable_tiers) if row.acceptable_tiers else None
    patient = Patient(age=age_in(row.text))
    return Case(
        id=slug(row.id),
        dataset="physician200",
        language="en",
        turns=(Turn(speaker="patient", text=row.text),),
        patient=patient,
        tier=accepted[0] if accepted and len(accepted) == 1 else None,
        acceptable_tiers=accepted,
        tier_reason=f"physicians' action: {row.source_action}",
        attributes={
            **cohort(patient, "en"),
            "split": split_of(line),
            "hazard_category": row.hazard_category,
            "variant_type": row.variant_type,
            # The two labels disagree in 12 rows of the original 200; a report can leave those out.
            "labels_agree": (row.source_action != "None") <= bool(row.source_detection),
        },
        licence="Apache-2.0",
        synthetic=True,
    )
