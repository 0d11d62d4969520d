"""Dialogues with a reference note: ACI-Bench, MTS-Dialog, PriMock57; and OSCE-272, which has no note."""

import re
from collections.abc import Iterator
from pathlib import Path

from vaidya.corpora.checklist import Entry, facts_of
from vaidya.corpora.lines import Line, Refused, Row, cases_of, parse, split_of
from vaidya.corpora.text import age_of, cohort, dialogue, sex, slug, speaker
from vaidya.schema import Case, Patient, Turn

CC_BY = "CC BY 4.0"


class _Aci(Row):
    id: str
    subset: str | None = None
    patient_gender: str | None = None
    patient_age: str | float | None = None
    chief_complaint: str | None = None
    dialogue: str
    note: str
    dialogue_variants: dict[str, str | None] = {}


def aci_bench(folder: Path) -> Iterator[Case | Refused]:
    """Full visits with full notes. The transcript is the published one (human, or ASR where nothing else exists)."""
    return cases_of(folder, lambda line: _aci(line, parse(_Aci, line).dialogue))


def aci_bench_asr(folder: Path) -> Iterator[Case | Refused]:
    """The encounters whose recogniser output was published, with that as the dialogue."""
    return _aci_variant(folder, "asr")


def aci_bench_asrcorr(folder: Path) -> Iterator[Case | Refused]:
    """The encounters whose corrected recogniser output was published, with that as the dialogue."""
    return _aci_variant(folder, "asrcorr")


def _aci_variant(folder: Path, variant: str) -> Iterator[Case | Refused]:
    def heard(line: Line) -> Case | None:
        said = parse(_Aci, line).dialogue_variants.get(variant)
        return _aci(line, said).model_copy(update={"dataset": f"aci-bench-{variant}"}) if said else None

    return cases_of(folder, heard)


def _aci(line: Line, said: str) -> Case:
    row = parse(_Aci, line)
    patient = Patient(age=age_of(row.patient_age), sex=sex(row.patient_gender))
    # The chief complaint is the annotators' metadata; given to the pipeline it would tell what the visit is about.
    about: dict[str, str | float | bool | None] = {"subset": row.subset, "chief_complaint": row.chief_complaint}
    return Case(
        id=slug(row.id),
        dataset="aci-bench",
        language="en",
        turns=dialogue(re.split(r"\n|(?=\[(?:doctor|patient)\])", said)),
        patient=patient,
        note=row.note,
        attributes={**cohort(patient, "en"), "split": split_of(line), **about},
        licence=CC_BY,
        synthetic=True,
    )


class _Mts(Row):
    id: str
    section_header: str
    section_text: str
    dialogue: str


def mts_dialog(folder: Path) -> Iterator[Case | Refused]:
    """A dialogue -> ONE section of a note, named by `section_header`; there is no full note."""
    return cases_of(folder, _mts)


def _mts(line: Line) -> Case:
    row = parse(_Mts, line)
    return Case(
        id=slug(row.id),
        dataset="mts-dialog",
        language="en",
        turns=dialogue(row.dialogue.splitlines()),
        note=row.section_text,
        section_header=row.section_header,
        attributes={**cohort(Patient(), "en"), "split": split_of(line), "section_header": row.section_header},
        licence=CC_BY,
        synthetic=True,
    )


class _Utterance(Row):
    start: float
    speaker: str
    text: str


class _Primock(Row):
    id: str
    presenting_complaint: str = ""
    utterances: tuple[_Utterance, ...]
    note: str
    fact_checklists: dict[str, tuple[Entry, ...]] = {}


# <UNSURE>word</UNSURE> keeps its word; <UNIN/> marks what nobody could make out.
_UNSURE = re.compile(r"</?UNSURE>")
_UNHEARD = re.compile(r"<UNIN/>|<[A-Z_]+/>")


def primock57(folder: Path) -> Iterator[Case | Refused]:
    """Mock consultations over video, with a doctor's note and, for a third, clinicians' fact checklists."""
    return cases_of(folder, _primock)


def _primock(line: Line) -> Case:
    row = parse(_Primock, line)
    spoken = sorted(row.utterances, key=lambda utterance: utterance.start)
    turns = (Turn(speaker=speaker(u.speaker), text=_plain(u.text)) for u in spoken)
    clinicians = float(len(row.fact_checklists))
    return Case(
        id=slug(row.id),
        dataset="primock57",
        language="en",
        turns=tuple(turn for turn in turns if turn.text),
        facts=facts_of(row.fact_checklists),
        note=row.note,
        attributes={**cohort(Patient(), "en"), "split": split_of(line), "clinicians": clinicians},
        licence=CC_BY,
        synthetic=False,
    )


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", _UNHEARD.sub(" ", _UNSURE.sub("", text))).strip()


class _OsceTurn(Row):
    speaker: str
    text: str


class _Osce(Row):
    id: str
    system: str = ""
    turns: tuple[_OsceTurn, ...]


def osce272(folder: Path) -> Iterator[Case | Refused]:
    """Simulated examinations, corrected by hand; neither note nor tier: for transcripts, speed and robustness."""
    return cases_of(folder, _osce)


def _osce(line: Line) -> Case:
    row = parse(_Osce, line)
    turns = (Turn(speaker=speaker(t.speaker), text=t.text.strip()) for t in row.turns)
    return Case(
        id=slug(row.id),
        dataset="osce272",
        language="en",
        turns=tuple(turn for turn in turns if turn.text),
        attributes={**cohort(Patient(), "en"), "split": split_of(line), "system": row.system},
        licence=CC_BY,
        synthetic=False,
    )
