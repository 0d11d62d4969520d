"""Who the patient is, as far as triage needs it: no name, no identifier."""

import enum
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract


class Sex(enum.Enum):
    """Administrative sex, FHIR's codes without `unknown`: unknown is None."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Patient(Contract):
    """Age in years (0 is a newborn, not a missing value), sex, pregnancy; None means nobody said."""

    age: Annotated[float | None, Field(ge=0, le=130)] = None
    sex: Sex | None = None
    pregnant: bool | None = None
