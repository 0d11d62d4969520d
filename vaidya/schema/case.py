"""A consultation with a reference: what evaluation runs on."""

from typing import Annotated, Literal

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.note import SectionName
from vaidya.schema.patient import Patient
from vaidya.schema.tier import Tier
from vaidya.schema.vitals import Vitals


class Fact(Contract):
    """Something a note must hold.

    any_of: ways to say it (English, lower case); the fact is present when one of them is, negation agreeing.
    negated: the fact is an absence ("no fever").
    """

    text: str
    section: SectionName
    critical: bool
    any_of: tuple[str, ...] = ()
    negated: bool = False


class Turn(Contract):
    """One utterance of a reference transcript: native text, and English where the native language is another."""

    speaker: Literal["patient", "clinician", "companion", "unknown"]
    text: str
    english: str | None = None


class Case(Contract):
    """One consultation and what is known to be right about it.

    audio: path relative to the case file's folder, None for text-only cases. acceptable_tiers: every tier that
    the reference accepts, None when it has no tier; `tier` is the single reference where there is one.
    attributes: cohort columns (language, age_band, noise_snr_db, dataset columns such as the nurse's tier).
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$")]
    dataset: str
    audio: str | None = None
    speech: bool = True
    language: str | None = None
    turns: tuple[Turn, ...] = ()
    complaint: str | None = None
    patient: Patient = Patient()
    vitals: Vitals = Vitals()
    tier: Tier | None = None
    acceptable_tiers: tuple[Tier, ...] | None = None
    tier_reason: str | None = None
    facts: tuple[Fact, ...] = ()
    note: str | None = None
    section_header: str | None = None
    attributes: dict[str, str | float | bool | None] = {}
    licence: str
    synthetic: bool
