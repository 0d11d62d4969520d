"""What an arm made of a case, and the shape of a scorer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vaidya.config import TriageConfig
from vaidya.evaluation.rows import Row
from vaidya.schema import Case, TriageRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case under one arm.

    record: None when the case could not be run, or asks for one section only; `reason` then says why, as a code.
    section: the text written for a case that asks for one section of a note (`case.section_header`).
    seconds: wall time of the case, None when it was not timed.
    triage: the settings that the record was decided under.
    """

    case: Case
    record: TriageRecord | None = None
    section: str | None = None
    reason: str | None = None
    seconds: float | None = None
    triage: TriageConfig = field(default_factory=TriageConfig)


class Scorer(Protocol):
    """Outcomes of one arm on one dataset -> rows. Pure: randomness comes in through `rng`."""

    def __call__(self, outcomes: Sequence[Outcome], *, dataset: str, arm: str, rng: np.random.Generator) -> list[Row]:
        """One row a metric and cohort."""
        ...
