"""A live endpoint against what was registered: the same cases, the answers compared, latency and cost beside them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from vaidya.config import PriceConfig
from vaidya.errors import DeploymentError, VaidyaError
from vaidya.registry.fingerprint import Rehearsal, answer, differing
from vaidya.schema import TriageRecord

Ask = Callable[[Mapping[str, Any]], TriageRecord]
SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Replayed:
    """One case: seconds as its caller saw them, and the parts in which the answer differs, most serious first.

    registered_s: what it took when it was registered. tier: None where there was no answer. error: why there was none.
    """

    case_id: str
    seconds: float
    registered_s: float
    differs: tuple[str, ...]
    expected_tier: str
    tier: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """All cases. cost_per_consultation: USD, None where nobody pays by the hour; one consultation at a time."""

    replayed: tuple[Replayed, ...]
    cost_per_consultation: float | None

    @property
    def same(self) -> bool:
        """Whether every case was answered, with the registered answer."""
        return not any(case.differs or case.error for case in self.replayed)

    @property
    def median_s(self) -> float | None:
        """Median seconds of the consultations that were answered; None when none was."""
        return statistics.median(times) if (times := self._answered()) else None

    @property
    def slowest_s(self) -> float | None:
        """The slowest case: with a handful of cases there is no honest 95th percentile."""
        return max(self._answered(), default=None)

    def _answered(self) -> list[float]:
        return _answered(self.replayed)


def rehearse(ask: Ask, registered: Sequence[Rehearsal], price: PriceConfig | None = None) -> RehearsalReport:
    """Ask every registered case and compare; a case that is refused does not keep the others from being asked.

    Raises:
        DeploymentError: the version has no cases.
    """
    if not registered:
        raise DeploymentError("there are no cases to rehearse with: register the version again")
    replayed = tuple(_replay(ask, case) for case in registered)
    hourly = price.on_demand_per_hour if price else None
    times = _answered(replayed)
    cost = None if hourly is None or not times else hourly * statistics.fmean(times) / SECONDS_PER_HOUR
    return RehearsalReport(replayed, cost)


def _answered(replayed: Sequence[Replayed]) -> list[float]:
    return [case.seconds for case in replayed if case.error is None]


def _replay(ask: Ask, case: Rehearsal) -> Replayed:
    """Only what was registered of an answer is compared: of a suite's case that is the tier."""
    began = time.perf_counter()
    error, found = None, None
    try:
        found = answer(ask(case.request))
    except ValidationError:
        error = "the answer is no record of this version"
    except VaidyaError as refused:
        error = f"{refused.code}: {refused}"
    seconds = time.perf_counter() - began
    differs = [part for part in differing(case.answer, found) if part in case.answer] if found else []
    tier = found["tier"] if found else None
    return Replayed(case.case_id, seconds, case.seconds, tuple(differs), case.answer["tier"], tier, error)


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
