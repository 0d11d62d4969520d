"""Where the patient is placed, and every reason for it."""

import enum
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.note import Evidence
from vaidya.schema.tier import Tier


class Source(enum.Enum):
    """Who set a floor. POLICY is the rule that unknown is never ROUTINE."""

    VITALS = "vitals"
    RED_FLAG = "red_flag"
    COMPLAINT = "complaint"
    MODEL = "model"
    SOUND = "sound"
    POLICY = "policy"


class Reason(Contract):
    """One rule that fired: the tier it demands as a floor, and what it rests on. `detail` holds no patient words."""

    source: Source
    rule: str
    tier: Tier
    detail: str = ""
    evidence: tuple[Evidence, ...] = ()


class News2(Contract):
    """National Early Warning Score 2 over what was measured; a lower bound while `missing` is not empty."""

    score: Annotated[int, Field(ge=0, le=20)]
    parts: dict[str, Annotated[int, Field(ge=0, le=3)]]
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all parameters that ROUTINE needs were measured."""
        return not self.missing


class Decision(Contract):
    """The final tier is the most severe floor; nothing lowers it.

    preliminary_tier: from vitals and complaint alone, known before the recording is; None when they say nothing.
    needs_human: codes of why a person must look; `human_reasons` is empty exactly when needs_human is False.
    floors: the most severe tier that each source set; a source that said nothing is absent.
    """

    tier: Tier
    preliminary_tier: Tier | None = None
    needs_human: bool
    human_reasons: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    floors: dict[str, Tier] = {}
    news2: News2 | None = None
