"""Vital signs as measured. A missing vital stays missing: it is never filled, printed as measured or exported."""

import enum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vaidya.schema.base import Contract
from vaidya.units import VITAL_UNITS


class Consciousness(enum.Enum):
    """ACVPU, the level of consciousness as NEWS2 writes it."""

    ALERT = "A"
    NEW_CONFUSION = "C"
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


def _measured(name: str) -> object:
    unit = VITAL_UNITS[name]
    return Field(default=None, ge=unit.low, le=unit.high, description=f"{unit.label}, {unit.unit}")


class Vitals(Contract):
    """One set of vital signs; every one optional. Units and accepted ranges: `vaidya.units.VITAL_UNITS`.

    spo2_scale: 2 only where a clinician ordered the hypercapnic scale of NEWS2; otherwise 1.
    on_oxygen: True when the patient breathes supplemental oxygen; None when nobody said.
    """

    respirations: Annotated[float | None, _measured("respirations")] = None
    spo2: Annotated[float | None, _measured("spo2")] = None
    spo2_scale: Literal[1, 2] = 1
    on_oxygen: bool | None = None
    sbp: Annotated[float | None, _measured("sbp")] = None
    dbp: Annotated[float | None, _measured("dbp")] = None
    pulse: Annotated[float | None, _measured("pulse")] = None
    temperature: Annotated[float | None, _measured("temperature")] = None
    consciousness: Consciousness | None = None
    pain: Annotated[float | None, _measured("pain")] = None

    @model_validator(mode="after")
    def _pressures_in_order(self) -> Self:
        if self.sbp is not None and self.dbp is not None and self.dbp >= self.sbp:
            raise ValueError("diastolic pressure must be lower than systolic pressure")
        return self

    def measured(self) -> dict[str, float | str | bool]:
        """What was measured, by field name, in field order; `spo2_scale` is an order, not a measurement."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "spo2_scale"}
        return {n: v.value if isinstance(v, enum.Enum) else v for n, v in values.items() if v is not None}
