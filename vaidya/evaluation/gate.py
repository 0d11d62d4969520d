"""The safety gate: thresholds on bounds, never on point estimates. Declared in `eval/gates/NAME.yaml`.

Zero misses in 45 cases still allow 6.4 % (one-sided 95 %, Clopper and Pearson 1934). A metric that is missing,
undefined or scored on too few cases is a failure.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from vaidya.config import Section
from vaidya.errors import ConfigError
from vaidya.evaluation.compare import CaseResult, non_inferiority
from vaidya.evaluation.gating import refuse_untrusted
from vaidya.evaluation.interval import exact
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.schema.base import Contract
from vaidya.settings import repository_root

ONE_SIDED = 0.95


class Check(Section):
    """One threshold and the reason for it.

    bound: `exact` reads the one-sided 95 % Clopper-Pearson bound of a rate of independent cases; `interval` reads the
    row's own 95 % interval; `value` reads the number itself and is for what has no sampling error (a latency target).
    Either at_most (upper bound) or at_least (lower bound) is given. min_n: fewer cases fail, counted by the rate's
    denominator where the bound is exact. max_unscored: more cases without a result fail, so that crashing on hard cases
    is no way through.
    """

    metric: str
    dataset: str
    cohort: str = ALL
    bound: Literal["exact", "interval", "value"] = "interval"
    at_most: float | None = None
    at_least: float | None = None
    min_n: Annotated[int, Field(ge=1)] = 1
    max_unscored: Annotated[int, Field(ge=0)] = 0
    reason: str

    @model_validator(mode="after")
    def _one_direction(self) -> "Check":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give exactly one of at_most and at_least")
        return self


class PairedCheck(Section):
    """Not worse than the current champion on the same cases, by more than a stated margin."""

    metric: str
    dataset: str
    margin: Annotated[float, Field(gt=0)]
    reason: str


class Gate(Section):
    """All checks of a gate, at least one; `against` are done only when there is a champion to compare with.

    sha256: of the file that it was read from; None for a gate that was made in code.
    """

    gate: str
    description: str
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    against: tuple[PairedCheck, ...] = ()
    sha256: str | None = None


class CheckResult(Contract):
    """One check, decided: the bound that was read, the threshold, n, and why it failed."""

    metric: str
    dataset: str
    cohort: str = ALL
    passed: bool
    value: float | None
    bound: float | None
    threshold: float
    n: int
    reason: str
    failure: str | None = None


class GateDecision(Contract):
    """Passed only when every check did. gate_sha256: of the gate's file, so that a gate changed since can be told."""

    gate: str
    passed: bool
    results: tuple[CheckResult, ...]
    gate_sha256: str | None = None

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(result for result in self.results if not result.passed)


def gate_path(name: str) -> Path:
    """The file of a gate, by its name in `eval/gates/` or by its own path."""
    return Path(name) if name.endswith(".yaml") else repository_root() / "eval" / "gates" / f"{name}.yaml"


def load_gate(name: str = "champion") -> Gate:
    """A gate by name, or by path to a YAML file.

    Raises:
        ConfigError: no such gate, it is malformed, or it reads a metric that may only be reported.
    """
    path = gate_path(name)
    if not path.is_file():
        raise ConfigError(f"no gate at {path.name}; gates are declared in eval/gates/")
    content = path.read_bytes()
    try:
        gate = Gate.model_validate(yaml.safe_load(content))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"gate {name!r} is not valid: {problems}") from error
    refuse_untrusted(gate.gate, [*(check.metric for check in gate.checks), *(check.metric for check in gate.against)])
    return gate.model_copy(update={"sha256": sha256(content).hexdigest()})


def check_gate(
    gate: Gate,
    rows: Sequence[Row],
    results: Sequence[CaseResult] = (),
    champion: Sequence[CaseResult] | None = None,
) -> GateDecision:
    """Decide a gate. results, champion: per-case results of the version and of the champion, if any."""
    found = {(row.metric, row.dataset, row.cohort): row for row in rows if row.arm == PIPELINE_ARM}
    decided = [_decide(check, found) for check in gate.checks]
    if champion is not None:
        decided += [_decide_paired(check, results, champion) for check in gate.against]
    passed = all(result.passed for result in decided)
    return GateDecision(gate=gate.gate, passed=passed, results=tuple(decided), gate_sha256=gate.sha256)


def _decide(check: Check, rows: Mapping[tuple[str, str, str], Row]) -> CheckResult:
    row = rows.get((check.metric, check.dataset, check.cohort))
    limit = check.at_most if check.at_most is not None else check.at_least
    assert limit is not None
    bound = _bound(check, row) if row else None
    n = _n(check, row) if row else 0
    failure = _failure(check, row, bound, limit, n)
    return CheckResult(
        metric=check.metric,
        dataset=check.dataset,
        cohort=check.cohort,
        passed=failure is None,
        value=row.value if row else None,
        bound=bound,
        threshold=limit,
        n=n,
        reason=check.reason,
        failure=failure,
    )


def _n(check: Check, row: Row) -> int:
    """What the bound rests on: of a rate of cases its denominator (the emergencies, not every case), else the cases."""
    return int(row.total) if check.bound == "exact" and row.total is not None else row.n_scored


def _bound(check: Check, row: Row) -> float | None:
    upper = check.at_most is not None
    if check.bound == "value":
        return row.value
    if check.bound == "interval":
        return row.high if upper else row.low
    if row.errors is None or row.total is None:
        return None
    low, high = exact(Rate(row.errors, row.total), level=1 - 2 * (1 - ONE_SIDED))
    return high if upper else low


def _failure(check: Check, row: Row | None, bound: float | None, limit: float, n: int) -> str | None:
    if row is None:
        return "the evaluation has no such row"
    if bound is None:
        return f"no bound could be computed{f': {row.reason}' if row.reason else ''}"
    if n < check.min_n:
        return f"only {n} cases were scored, {check.min_n} are needed"
    if row.n_unscored > check.max_unscored:
        return f"{row.n_unscored} cases have no result, {check.max_unscored} may"
    upper = check.at_most is not None
    if bound > limit if upper else bound < limit:
        which = "upper bound {:.4g} exceeds" if upper else "lower bound {:.4g} is below"
        return f"the {which.format(bound)} {limit:g} (value {row.value:.4g}, n={n})"
    return None


def _decide_paired(check: PairedCheck, ours: Sequence[CaseResult], theirs: Sequence[CaseResult]) -> CheckResult:
    paired = non_inferiority(ours, theirs, metric=check.metric, dataset=check.dataset, margin=check.margin)
    failure = None
    if paired.upper is None:
        failure = "no case was scored by both versions"
    elif paired.upper > check.margin:
        failure = f"may be worse than the champion by {paired.upper:.4g}, more than {check.margin:g} (n={paired.n})"
    return CheckResult(
        metric=f"{check.metric} minus champion",
        dataset=check.dataset,
        passed=failure is None,
        value=paired.difference,
        bound=paired.upper,
        threshold=check.margin,
        n=paired.n,
        reason=check.reason,
        failure=failure,
    )
