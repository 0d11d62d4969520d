"""Red flags: combinations of signs that make waiting dangerous, whatever the vital signs are.

Rules: `red_flags.yaml`, over the signs of `signs/<language>.yaml`. Every flag is URGENT or more.
"""

from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from vaidya.schema import Reason, Source, Tier
from vaidya.triage.rules import Alternatives, alternatives, evidence_of, read_rules
from vaidya.triage.signs import Signs


class _Flag(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    meaning: str
    source: str
    when: str


class _FlagsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    flags: dict[str, _Flag]


@dataclass(frozen=True, slots=True)
class RedFlag:
    """One flag. when: alternatives; each is the set of signs that must all be there. source: where the rule is from."""

    name: str
    tier: Tier
    meaning: str
    source: str
    when: Alternatives


@lru_cache(maxsize=1)
def red_flags() -> tuple[RedFlag, ...]:
    """Every flag.

    Raises:
        ConfigError: the file is malformed.
    """
    return tuple(
        RedFlag(name, flag.tier, flag.meaning, flag.source, alternatives(flag.when))
        for name, flag in read_rules("red_flags.yaml", _FlagsFile).flags.items()
    )


def red_flag_reasons(signs: Signs) -> tuple[Reason, ...]:
    """One reason a flag that holds; the reason names the flag, never the patient's words."""
    found = ((flag, evidence_of(flag.when, signs)) for flag in red_flags())
    return tuple(
        Reason(source=Source.RED_FLAG, rule=flag.name, tier=flag.tier, detail=flag.meaning, evidence=ids)
        for flag, ids in found
        if ids is not None
    )


def flags_in_doubt(signs: Signs, doubted: Signs) -> tuple[tuple[RedFlag, tuple[str, ...]], ...]:
    """EMERGENCY flags that hold only if what the words set aside with doubt was meant, each with its evidence."""
    both = {name: (*signs.get(name, ()), *doubted.get(name, ())) for name in {**signs, **doubted}}
    emergencies = (flag for flag in red_flags() if flag.tier is Tier.EMERGENCY)
    held = ((flag, evidence_of(flag.when, both)) for flag in emergencies if evidence_of(flag.when, signs) is None)
    return tuple((flag, ids) for flag, ids in held if ids is not None)
