"""The claims ledger: every figure that was promised, beside what was measured. Declared in `eval/claims.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from vaidya.config import Section
from vaidya.errors import ConfigError, DataError
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.table import number
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


@dataclass(frozen=True, slots=True)
class Measured:
    """One number that may answer a claim. where: the run or report, and the dataset, that it comes from."""

    metric: str
    profile: str
    value: float
    low: float | None
    high: float | None
    n: int
    where: str

    def text(self, unit: str) -> str:
        """Value, unit, interval and n in words."""
        reach = "" if self.low is None or self.high is None else f"{number(self.low)} to {number(self.high)}, "
        return f"{number(self.value)} {unit} ({reach}n={self.n})"


def of_rows(rows: Sequence[Row], profile: str, run_id: str) -> list[Measured]:
    """The pipeline's own rows of an evaluation; each dataset answers for itself."""
    return [
        Measured(
            row.metric,
            profile,
            row.value,
            row.low,
            row.high,
            row.n_scored,
            f"run {run_id[:8]}, {row.dataset}, {profile}",
        )
        for row in rows
        if row.arm == PIPELINE_ARM and row.cohort == ALL and row.value is not None
    ]


def of_bench(report: Mapping[str, Any], name: str) -> list[Measured]:
    """The pipeline's own rows of what `vaidya bench latency --json` printed.

    Raises:
        DataError: it is no such report.
    """
    try:
        profile, heard = report["profile"], report["consultation"]["seconds"]
        where = f"{name}, {heard:.0f} s of speech, {profile}"
        return [
            Measured(row["metric"], profile, row["value"], row["low"], row["high"], row["n"], where)
            for row in report["rows"]
            if row["arm"] == PIPELINE_ARM and row["state"] == "warm" and row["value"] is not None
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{name} is no report of `vaidya bench latency --json`") from error


def claims_ledger(found: Sequence[Measured]) -> list[dict[str, str]]:
    """One line a claim: every number that was measured under its own profile, or plainly none."""
    return [_line(claim, [one for one in found if _answers(one, claim)]) for claim in load_claims()]


def _answers(one: Measured, claim: Claim) -> bool:
    # The instrument's medians go by the plain name, where it has no other percentile of them.
    named = claim.metric is not None and one.metric in (claim.metric, claim.metric.removesuffix("_p50"))
    return named and one.profile == claim.profile


def _line(claim: Claim, found: Sequence[Measured]) -> dict[str, str]:
    line = {"text": claim.text, "promised": claim.promised}
    if not found:
        return line | {"measured": "not measured here", "where": claim.otherwise}
    texts, places = ([one.text(claim.unit) for one in found], [one.where for one in found])
    return line | {"measured": "; ".join(texts), "where": "; ".join(places)}
