"""The floor that the vital signs set: NEWS2, the rules on a single vital, and "unknown" when too little was measured.

Every rule grows with the distance from normal, so worsening a vital never lowers the floor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vaidya.schema import News2, Patient, Reason, Source, Tier, Vitals
from vaidya.triage.news2 import news2


@dataclass(frozen=True, slots=True)
class VitalRule:
    """One vital that is an emergency by itself."""

    rule: str
    vital: str
    holds: Callable[[float], bool]
    detail: str


# The thresholds of the system that this one replaces, kept because they are stricter than a single NEWS2 part; they
# hold at every age and on both SpO2 scales.
SINGLE_VITALS = (
    VitalRule("sbp_crisis", "sbp", lambda v: v >= 180, "systolic pressure of 180 mmHg or more"),
    VitalRule("sbp_shock", "sbp", lambda v: v < 70, "systolic pressure under 70 mmHg"),
    VitalRule("pulse_fast", "pulse", lambda v: v > 150, "pulse over 150 /min"),
    VitalRule("pulse_slow", "pulse", lambda v: v < 40, "pulse under 40 /min"),
    VitalRule("spo2_low", "spo2", lambda v: v < 88, "SpO2 under 88 %"),
    VitalRule("temperature_high", "temperature", lambda v: v >= 40.0, "temperature of 40.0 °C or more"),
)


def is_adult(patient: Patient, adult_age: float) -> bool:
    """Whether the adult score describes this patient: known to be of age, and not known to be pregnant."""
    return patient.age is not None and patient.age >= adult_age and patient.pregnant is not True


def vitals_reasons(vitals: Vitals, patient: Patient, adult_age: float) -> tuple[Reason, ...]:
    """Every vitals rule that sets a floor; empty when the floor is unknown, which is not ROUTINE.

    ROUTINE needs all six parameters at zero points in a patient whom the adult score describes: a newborn's pulse of
    60 scores nothing on an adult's chart.
    """
    score = news2(vitals)
    found = [_news2_reason(score, _scale(vitals))] if score.score else []
    found += [_single_reason(rule) for rule in SINGLE_VITALS if _holds(rule, vitals)]
    if not found and score.complete and is_adult(patient, adult_age):
        found = [
            _reason("news2_normal", Tier.ROUTINE, f"all six parameters score 0{_scale(vitals)}", tuple(score.parts))
        ]
    return tuple(found)


def news2_tier(score: News2) -> Tier:
    """The tier of a score: 7 or more, 5 or a single 3, 1, 0 (chart 2 of NEWS2 on four tiers: clinical mapping)."""
    if score.score >= 7:
        return Tier.EMERGENCY
    if score.score >= 5 or 3 in score.parts.values():
        return Tier.URGENT
    return Tier.SEMI_URGENT if score.score else Tier.ROUTINE


def _scale(vitals: Vitals) -> str:
    """What a reason says of the SpO2 scale; nothing of the usual one."""
    if vitals.spo2_scale == 1 or vitals.spo2 is None:
        return ""
    return " (SpO2 on scale 2)" if vitals.on_oxygen is not None else " (SpO2 on scale 2, read as on oxygen: not told)"


def _news2_reason(score: News2, scale: str) -> Reason:
    scoring = {name: points for name, points in score.parts.items() if points}
    single = score.score < 5 and 3 in scoring.values()
    at_least = "at least " if set(score.missing) - {"on_oxygen"} else ""
    listed = ", ".join(f"{name} {points}" for name, points in scoring.items())
    rule = "news2_single_3" if single else "news2"
    return _reason(rule, news2_tier(score), f"NEWS2 {at_least}{score.score}: {listed}{scale}", tuple(scoring))


def _holds(rule: VitalRule, vitals: Vitals) -> bool:
    value = getattr(vitals, rule.vital)
    return value is not None and rule.holds(value)


def _single_reason(rule: VitalRule) -> Reason:
    return _reason(rule.rule, Tier.EMERGENCY, rule.detail, (rule.vital,))


def _reason(rule: str, tier: Tier, detail: str, names: tuple[str, ...]) -> Reason:
    evidence = tuple(f"vital:{name}" for name in names)
    return Reason(source=Source.VITALS, rule=rule, tier=tier, detail=detail, evidence=evidence)
