"""What was heard besides words."""

import enum
from typing import Annotated

from pydantic import Field

from vaidya.schema.base import Contract
from vaidya.schema.recording import Share
from vaidya.schema.transcript import Probability, Seconds


class FindingsState(enum.Enum):
    """A state, never a score: FAILED and TOO_SHORT say nothing about the patient."""

    LISTENED = "LISTENED"
    SILENT = "SILENT"
    TOO_SHORT = "TOO_SHORT"
    FAILED = "FAILED"
    NO_AUDIO = "NO_AUDIO"


class SoundLabel(enum.Enum):
    """Classes of sound events."""

    COUGH = "cough"
    SNEEZE = "sneeze"
    BREATH = "breath"
    SNORE = "snore"
    SPEECH = "speech"
    OTHER = "other"


class SoundWindow(Contract):
    """Probabilities for one 2 s window, by label."""

    start_s: Seconds
    probabilities: dict[str, Probability]


class SoundEvent(Contract):
    """Neighbouring windows of one label, merged; `probability` is their maximum."""

    id: Annotated[int, Field(ge=0)]
    label: SoundLabel
    start_s: Seconds
    end_s: Seconds
    probability: Probability


class ProbeSignal(Contract):
    """What a probe says: a calibrated probability of `target`, and the card that states what it is worth."""

    probe: str
    target: str
    probability: Probability
    threshold: Probability
    card_sha256: str


class Findings(Contract):
    """Events and rates over the whole recording.

    breathing_rate_per_min: None when not determinable, with the reason beside it.
    weight: what sound may count for in triage, 0 until a probe has earned it (docs: acoustic.weight).
    """

    state: FindingsState
    encoder: str
    windows: tuple[SoundWindow, ...] = ()
    events: tuple[SoundEvent, ...] = ()
    cough_count: Annotated[int | None, Field(ge=0)] = None
    cough_rate_per_min: Annotated[float | None, Field(ge=0)] = None
    breathing_rate_per_min: Annotated[float | None, Field(ge=0)] = None
    breathing_rate_reason: str | None = None
    silence_share: Share | None = None
    embedding_sha256: str | None = None
    signal: ProbeSignal | None = None
    weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    weight_reason: str
