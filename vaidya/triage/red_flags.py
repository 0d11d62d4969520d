"""Red flags: combinations of signs that make waiting dangerous, whatever the vital signs are. Rules: `red_flags.yaml`."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from vaidya.errors import ConfigError
from vaidya.schema import Reason, Source, Tier
from vaidya.triage.evidence import TriageInput
from vaidya.triage.signs import Signs, signs_of


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
    when: tuple[frozenset[str], ...]

    def evidence(self, signs: Signs) -> tuple[str, ...] | None:
        """What the flag rests on, at most eight ids; None when it does not hold."""
        held = [line for line in self.when if line <= signs.keys()]
        if not held:
            return None
        return tuple(dict.fromkeys(id_ for line in held for sign in sorted(line) for id_ in signs[sign]))[:8]


@lru_cache(maxsize=1)
def red_flags() -> tuple[RedFlag, ...]:
    """Every flag.

    Raises:
        ConfigError: the file is malformed.
    """
    text = (resources.files("vaidya.triage") / "red_flags.yaml").read_text(encoding="utf-8")
    try:
        parsed = _FlagsFile.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"red_flags.yaml is malformed: {error}") from error
    return tuple(
        RedFlag(name, flag.tier, flag.meaning, flag.source, _alternatives(flag.when))
        for name, flag in parsed.flags.items()
    )


def _alternatives(block: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(line.replace(" ", "").split("&")) for line in block.splitlines() if line.strip())


def red_flag_reasons(evidence: TriageInput) -> tuple[Reason, ...]:
    """One reason a flag that holds; the reason names the flag, never the patient's words."""
    signs = signs_of(evidence)
    found = ((flag, flag.evidence(signs)) for flag in red_flags())
    return tuple(
        Reason(source=Source.RED_FLAG, rule=flag.name, tier=flag.tier, detail=flag.meaning, evidence=ids)
        for flag, ids in found
        if ids is not None
    )
