"""Physical constants and the units of every vital sign, each in one place.

LOINC codes: HL7 FHIR R4 vital-signs profile and loinc.org. UCUM codes: ucum.org.
"""

from dataclasses import dataclass

SAMPLE_RATE_HZ = 16_000  # HeAR, Whisper and YAMNet all expect 16 kHz mono
CLIP_S = 2.0  # HeAR input length, model card "Inputs"
CLIP_SAMPLES = round(CLIP_S * SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class VitalUnit:
    """How one vital sign is named, measured and coded.

    low, high: the accepted range, inclusive; outside it a value is a typing error or another unit.
    loinc, ucum: codes for FHIR export; None where FHIR codes the vital another way.
    """

    label: str
    unit: str
    low: float
    high: float
    loinc: str | None
    ucum: str | None


VITAL_UNITS: dict[str, VitalUnit] = {
    "respirations": VitalUnit("respirations", "/min", 0, 120, "9279-1", "/min"),
    "spo2": VitalUnit("SpO2", "%", 20, 100, "59408-5", "%"),
    "sbp": VitalUnit("systolic pressure", "mmHg", 20, 320, "8480-6", "mm[Hg]"),
    "dbp": VitalUnit("diastolic pressure", "mmHg", 10, 250, "8462-4", "mm[Hg]"),
    "pulse": VitalUnit("pulse", "/min", 0, 350, "8867-4", "/min"),
    "temperature": VitalUnit("temperature", "°C", 20.0, 46.0, "8310-5", "Cel"),
    "pain": VitalUnit("pain", "of 10", 0, 10, "72514-3", "{score}"),
}


def samples_of(seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> int:
    """Number of samples in `seconds`, rounded: truncation loses one sample of an exact window."""
    return round(seconds * rate_hz)
