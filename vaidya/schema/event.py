"""What the pipeline says while it works."""

from typing import Annotated, Literal

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.record import StageName, TriageRecord
from vaidya.schema.tier import Tier

EventKind = Literal["started", "finished", "failed", "preliminary_tier", "model_tier", "note_text", "done"]


class StageEvent(Contract):
    """One step: which stage, what happened, seconds since the consultation began.

    tier: with `preliminary_tier` and `model_tier`. text: with `note_text`, a piece of the model's reply as it is
    written. record: with `done`, the last event.
    """

    stage: StageName
    kind: EventKind
    at_s: Annotated[float, Field(ge=0)]
    tier: Tier | None = None
    code: str | None = None
    text: Annotated[str | None, Field(repr=False)] = None
    record: Annotated[TriageRecord | None, Field(repr=False)] = None
