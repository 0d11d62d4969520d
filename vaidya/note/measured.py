"""Objective statements from what was measured and heard: written by code, so no number can be invented."""

from vaidya.schema import Consciousness, Findings, FindingsState, Origin, SoundLabel, Statement, Vitals
from vaidya.units import VITAL_UNITS

_CONSCIOUSNESS = {
    Consciousness.ALERT: "Alert",
    Consciousness.NEW_CONFUSION: "New confusion",
    Consciousness.VOICE: "Responds to voice",
    Consciousness.PAIN: "Responds to pain only",
    Consciousness.UNRESPONSIVE: "Unresponsive",
}
_SINGLE = ("respirations", "pulse", "temperature", "pain")
_HEARD = {SoundLabel.COUGH: "Cough", SoundLabel.SNEEZE: "Sneeze", SoundLabel.SNORE: "Snore"}


def measured_statements(vitals: Vitals, findings: Findings) -> tuple[Statement, ...]:
    """One statement a vital sign and a kind of sound; a vital that was not measured gives none.

    >>> from vaidya.schema import FindingsState
    >>> silent = Findings(state=FindingsState.NO_AUDIO, encoder="none", weight_reason="no audio")
    >>> [s.text for s in measured_statements(Vitals(spo2=93, on_oxygen=False, sbp=150, dbp=90), silent)]
    ['SpO2 93 % on air', 'Blood pressure 150/90 mmHg']
    """
    return (*_oxygen(vitals), *_pressure(vitals), *_singles(vitals), *_consciousness(vitals), *_sounds(findings))


def _statement(text: str, *evidence: str) -> Statement:
    return Statement(text=text, evidence=evidence, supported=True, origin=Origin.MEASURED)


def _number(value: float) -> str:
    return f"{value:g}"


def _oxygen(vitals: Vitals) -> tuple[Statement, ...]:
    breathing = {True: "on supplemental oxygen", False: "on air", None: ""}[vitals.on_oxygen]
    named = () if vitals.on_oxygen is None else ("vital:on_oxygen",)
    if vitals.spo2 is not None:
        return (_statement(f"SpO2 {_number(vitals.spo2)} % {breathing}".strip(), "vital:spo2", *named),)
    return (_statement(f"Breathing: {breathing}", *named),) if named else ()


def _pressure(vitals: Vitals) -> tuple[Statement, ...]:
    if vitals.sbp is not None and vitals.dbp is not None:
        text = f"Blood pressure {_number(vitals.sbp)}/{_number(vitals.dbp)} mmHg"
        return (_statement(text, "vital:sbp", "vital:dbp"),)
    return tuple(_single(vitals, name) for name in ("sbp", "dbp") if getattr(vitals, name) is not None)


def _singles(vitals: Vitals) -> tuple[Statement, ...]:
    return tuple(_single(vitals, name) for name in _SINGLE if getattr(vitals, name) is not None)


def _single(vitals: Vitals, name: str) -> Statement:
    unit = VITAL_UNITS[name]
    label = unit.label[0].upper() + unit.label[1:]
    return _statement(f"{label} {_number(getattr(vitals, name))} {unit.unit}", f"vital:{name}")


def _consciousness(vitals: Vitals) -> tuple[Statement, ...]:
    if vitals.consciousness is None:
        return ()
    return (_statement(_CONSCIOUSNESS[vitals.consciousness], "vital:consciousness"),)


def _sounds(findings: Findings) -> tuple[Statement, ...]:
    if findings.state is not FindingsState.LISTENED:
        return ()
    found = []
    for label, name in _HEARD.items():
        count = sum(event.label is label for event in findings.events)
        if count:
            times = "once" if count == 1 else f"{count} times"
            found.append(_statement(f"{name} heard {times} in the recording", f"finding:{label.value}"))
    if findings.breathing_rate_per_min is not None:
        rate = _number(round(findings.breathing_rate_per_min))
        found.append(_statement(f"Breathing rate by sound {rate} /min", "finding:breathing_rate"))
    return tuple(found)
