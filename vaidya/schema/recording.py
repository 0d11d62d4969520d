"""Sound on its way through the pipeline."""

import enum
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from vaidya.schema.base import Contract

Share = Annotated[float, Field(ge=0, le=1)]


class AudioFlag(enum.Enum):
    """What is wrong with a recording that can still be used."""

    TRUNCATED = "TRUNCATED"  # decoded less than the configured share of the declared duration
    CLIPPED = "CLIPPED"
    SILENT = "SILENT"
    QUIET = "QUIET"


class RecordingInfo(Contract):
    """What a record keeps of a recording: everything but the samples.

    sha256: of the source bytes. declared_s: the container's own duration, None when it states none.
    peak: largest absolute sample, 0 to 1. rms_dbfs: level in dB relative to full scale, None for digital silence.
    """

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(gt=0)]
    container: str
    codec: str
    source_rate_hz: Annotated[int, Field(gt=0)]
    channels: Annotated[int, Field(gt=0)]
    duration_s: Annotated[float, Field(ge=0)]
    declared_s: Annotated[float | None, Field(ge=0)] = None
    peak: Annotated[float, Field(ge=0)]
    rms_dbfs: float | None
    silence_share: Share
    clipped_share: Share
    flags: tuple[AudioFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording.

    samples: float32 in [-1, 1], shape (n,), mono at `vaidya.units.SAMPLE_RATE_HZ`.
    """

    samples: np.ndarray
    info: RecordingInfo


@dataclass(frozen=True, slots=True)
class Clip:
    """Exactly `CLIP_S` seconds of mono sound cut from a recording.

    samples: float32 in [-1, 1], shape (CLIP_SAMPLES,), zero-padded at the recording's end.
    start_s: offset of the first sample within the recording.
    """

    samples: np.ndarray
    start_s: float
