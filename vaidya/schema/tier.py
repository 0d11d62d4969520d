"""Four tiers of urgency, ordered; unknown is not one of them."""

import enum
import re
from functools import total_ordering


@total_ordering
class Tier(enum.Enum):
    """How long a patient may safely wait; compared by severity, never by name.

    The twins on the South African Triage Scale (red, orange, yellow, green) have the same target times.
    """

    ROUTINE = "ROUTINE"
    SEMI_URGENT = "SEMI_URGENT"
    URGENT = "URGENT"
    EMERGENCY = "EMERGENCY"

    @property
    def severity(self) -> int:
        """0 (ROUTINE) to 3 (EMERGENCY)."""
        return _ORDER[self]

    @property
    def within_minutes(self) -> int:
        """Minutes within which a clinician sees the patient."""
        return _WITHIN_MINUTES[self]

    @property
    def colour(self) -> str:
        """The South African Triage Scale's colour."""
        return _COLOURS[self]

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Tier):
            return NotImplemented
        return self.severity < other.severity

    @classmethod
    def parse(cls, text: str) -> "Tier | None":
        """The tier that a model or a file wrote, forgiving case, hyphens and spaces; None when it is no tier.

        >>> Tier.parse(" semi-urgent "), Tier.parse("fine")
        (<Tier.SEMI_URGENT: 'SEMI_URGENT'>, None)
        """
        name = re.sub(r"[\s_-]+", "_", text.strip()).upper()
        return cls.__members__.get(name)


_ORDER = {tier: index for index, tier in enumerate(Tier)}
_WITHIN_MINUTES = {Tier.EMERGENCY: 0, Tier.URGENT: 10, Tier.SEMI_URGENT: 60, Tier.ROUTINE: 240}
_COLOURS = {Tier.EMERGENCY: "red", Tier.URGENT: "orange", Tier.SEMI_URGENT: "yellow", Tier.ROUTINE: "green"}
