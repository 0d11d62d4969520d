"""The claims ledger: every figure that was promised, beside what was measured. Declared in `eval/claims.yaml`."""

from collections.abc import Sequence

import yaml
from pydantic import ValidationError

from vaidya.config import Section
from vaidya.errors import ConfigError
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.table import interval, number
from vaidya.settings import repository_root


class Claim(Section):
    """A promise. profile: the machine it is about. metric: the row that measures it; None when no row can.

    otherwise: what stands in the ledger when it was not measured, and why.
    """

    text: str
    promised: str
    profile: str
    metric: str | None
    unit: str = ""
    otherwise: str


def load_claims() -> tuple[Claim, ...]:
    """Every declared claim.

    Raises:
        ConfigError: the file is malformed.
    """
    path = repository_root() / "eval" / "claims.yaml"
    try:
        return tuple(Claim.model_validate(item) for item in yaml.safe_load(path.read_text(encoding="utf-8"))["claims"])
    except (OSError, KeyError, TypeError, ValidationError) as error:
        raise ConfigError(f"eval/claims.yaml cannot be read: {type(error).__name__}") from error


def claims_ledger(rows: Sequence[Row], profile: str, run_id: str) -> list[dict[str, str]]:
    """One line a claim: measured under its own profile, or plainly not."""
    measured = {
        row.metric: row for row in rows if row.arm == PIPELINE_ARM and row.cohort == ALL and row.value is not None
    }
    return [_line(claim, measured.get(claim.metric or ""), profile, run_id) for claim in load_claims()]


def _line(claim: Claim, row: Row | None, profile: str, run_id: str) -> dict[str, str]:
    line = {"text": claim.text, "promised": claim.promised}
    if row is None or claim.profile != profile:
        return line | {"measured": "not measured here", "where": claim.otherwise}
    found = f"{number(row.value)} {claim.unit} ({interval(row)}, n={row.n_scored})"
    return line | {"measured": found, "where": f"run {run_id[:8]}, {row.dataset}, profile {profile}"}
