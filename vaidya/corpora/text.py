"""Small conversions that several readers share: speakers, ages, identifiers, cohorts."""

import re
from collections.abc import Iterable
from typing import Literal

from vaidya.schema import Patient, Sex, Turn

Who = Literal["patient", "clinician", "companion", "unknown"]

SPEAKERS: dict[str, Who] = {
    "doctor": "clinician",
    "clinician": "clinician",
    "guest_clinician": "clinician",
    "guest_clinican": "clinician",  # spelt so in MTS-Dialog
    "patient": "patient",
    "guest_family": "companion",
}
# MTS-Dialog writes the speaker before a colon, family and second clinicians with a number; ACI-Bench in brackets.
_TAG = re.compile(r"^\s*(?:\[(?P<bracketed>[A-Za-z_]+?)(?:_?\d+)?\]|(?P<plain>[A-Za-z_]+?)(?:_?\d+)?\s*:)\s*")
_AGE = re.compile(r"\b(?P<n>\d{1,3})[\s-]*(?P<unit>years?|months?|weeks?|days?)[\s-]*old\b", re.IGNORECASE)
_UNIT_YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25}
_FEMALE = re.compile(r"\b(woman|female|girl|mrs|ms|lady)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(man|male|boy|mr|gentleman)\b", re.IGNORECASE)

OLDEST_YEARS = 130  # as `Patient.age`; more is a code for "unknown" or a slip
AGE_BANDS = ((16, "0-15"), (40, "16-39"), (65, "40-64"), (200, "65+"))


def speaker(name: str) -> Who:
    """Who speaks, by the name that a set uses; an unlisted one is unknown."""
    return SPEAKERS.get(re.sub(r"_?\d+$", "", name.strip().lower()), "unknown")


def dialogue(lines: Iterable[str]) -> tuple[Turn, ...]:
    """Turns of a dialogue whose lines start with the speaker; a line without a known one continues the last turn."""
    turns: list[tuple[Who, str]] = []
    for line in lines:
        tag = _TAG.match(line)
        who = speaker(tag.group("bracketed") or tag.group("plain")) if tag else "unknown"
        text = (line[tag.end() :] if tag and who != "unknown" else line).strip()
        if not text:
            continue
        if who == "unknown" and turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]} {text}")
        else:
            turns.append((who, text))
    return tuple(Turn(speaker=who, text=text) for who, text in turns)


def age_in(text: str) -> float | None:
    """Age in years as a text states it ("48-year-old", "22 months old"), None when it does not.

    >>> age_in("a 6-month-old boy"), age_in("for 3 years")
    (0.5, None)
    """
    found = _AGE.search(text)
    return None if found is None else int(found["n"]) * _UNIT_YEARS[found["unit"].lower().rstrip("s")]


def age_of(given: str | float | None) -> float | None:
    """Age in years from what metadata holds: 58, "58.0", "22-month"; what is nobody's age ("nan", 999) is unknown.

    >>> age_of(58), age_of("6-month"), age_of("nan"), age_of(999), age_of(None)
    (58.0, 0.5, None, None, None)
    """
    try:
        years = float(given) if given is not None else None
    except ValueError:
        years = age_in(f"{given} old")
    return years if years is not None and 0 <= years <= OLDEST_YEARS else None


def sex_in(text: str) -> Sex | None:
    """Sex as the words of a text imply it; the first such word decides."""
    female, male = _FEMALE.search(text), _MALE.search(text)
    if female is None and male is None:
        return None
    if male is None or (female is not None and female.start() < male.start()):
        return Sex.FEMALE
    return Sex.MALE


def sex(text: str | None) -> Sex | None:
    """Sex as a column states it."""
    name = (text or "").strip().upper()
    return Sex[name] if name in Sex.__members__ else None


def slug(text: str) -> str:
    """An identifier that `Case.id` accepts.

    >>> slug("Obstetric emergency: infection_aug2")
    'Obstetric-emergency:-infection_aug2'
    """
    return re.sub(r"[^A-Za-z0-9_.:-]+", "-", text.strip()).strip("-")


def cohort(patient: Patient, language: str | None) -> dict[str, str | float | bool | None]:
    """The attributes that every case carries, so that rates can be cut by them."""
    age = patient.age
    band = None if age is None else next(name for limit, name in AGE_BANDS if age < limit)
    return {"language": language, "age_band": band, "sex": patient.sex.value if patient.sex else None}
