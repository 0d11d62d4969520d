"""The one base of every model that crosses a file or a wire."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Frozen, strict, closed: a misspelt field, a wrong type, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
