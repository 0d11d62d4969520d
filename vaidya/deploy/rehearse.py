"""A live endpoint against what was registered: the same cases, the answers compared, latency and cost beside them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vaidya.config import PriceConfig
from vaidya.errors import DeploymentError
from vaidya.registry.fingerprint import Rehearsal, answer, differing
from vaidya.schema import TriageRecord

Ask = Callable[[Mapping[str, Any]], TriageRecord]
SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Replayed:
    """One case: seconds as its caller saw them, and the parts in which the answer differs, most serious first."""

    case_id: str
    seconds: float
    differs: tuple[str, ...]
    expected_tier: str
    tier: str


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """All cases. cost_per_consultation: USD, None where nobody pays by the hour; one consultation at a time."""

    replayed: tuple[Replayed, ...]
    cost_per_consultation: float | None

    @property
    def same(self) -> bool:
        """Whether every answer is the registered one."""
        return not any(case.differs for case in self.replayed)

    @property
    def median_s(self) -> float:
        """Median seconds a consultation."""
        return statistics.median(case.seconds for case in self.replayed)

    @property
    def slowest_s(self) -> float:
        """The slowest case: with a handful of cases there is no honest 95th percentile."""
        return max(case.seconds for case in self.replayed)


def rehearse(ask: Ask, registered: Sequence[Rehearsal], price: PriceConfig | None = None) -> RehearsalReport:
    """Ask every registered case and compare.

    Raises:
        DeploymentError: the version has no cases, or the endpoint refused one.
    """
    if not registered:
        raise DeploymentError("the version was registered without rehearsal cases; register it again")
    replayed = tuple(_replay(ask, case) for case in registered)
    hourly = price.on_demand_per_hour if price else None
    mean_s = statistics.fmean(case.seconds for case in replayed)
    return RehearsalReport(replayed, None if hourly is None else hourly * mean_s / SECONDS_PER_HOUR)


def _replay(ask: Ask, case: Rehearsal) -> Replayed:
    began = time.perf_counter()
    record = ask(case.request)
    seconds = time.perf_counter() - began
    found = answer(record)
    return Replayed(case.case_id, seconds, tuple(differing(case.answer, found)), case.answer["tier"], found["tier"])


def ask_http(address: str, timeout_s: float = 300.0) -> Ask:
    """Asks a server over HTTP.

    Raises (when asked):
        DeploymentError: it cannot be reached, or refused.
    """
    import httpx

    def ask(request: Mapping[str, Any]) -> TriageRecord:
        body = {name: value for name, value in request.items() if value is not None}
        try:
            response = httpx.post(f"{address.rstrip('/')}/invocations", json=body, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise DeploymentError(f"{address} cannot be reached: {type(error).__name__}") from error
        if response.status_code != httpx.codes.OK:
            raise DeploymentError(f"{address} answered {response.status_code}: {_code(response)}")
        return TriageRecord.model_validate_json(response.content)

    return ask


def _code(response: Any) -> str:
    """The server's own code, when it answered in our form."""
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "no coded answer"
