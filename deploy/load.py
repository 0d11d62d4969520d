"""Put a server under load with our own recordings; print what it answered, how fast, and what memory it took, as JSON.

python deploy/load.py --model models:/vaidya@champion          starts `vaidya serve` itself: 8 callers for 2 minutes
python deploy/load.py http://127.0.0.1:8080 --pid 1234 --capacity 20

Exit code 1, with the reasons, on any 5xx, transport error, 429 within the capacity, or memory that grows.
"""

import argparse
import collections
import itertools
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

MIB = 1024 * 1024
SAMPLE_S = 1.0
TIMEOUT_S = 300.0
RECORDINGS = 8


@dataclass
class Answers:
    """What came back, from all callers. errors: transport errors by type. seconds: of the answers with status 200."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)


def main(words: Sequence[str] | None = None) -> None:
    """Run the load and print the report."""
    arguments = _arguments(words)
    with _server(arguments) as (address, pid, capacity):
        answers, memory = _load(address, pid, _requests(), arguments)
    report = {
        "clients": arguments.clients,
        "minutes": arguments.minutes,
        "capacity": capacity,
        **_report(answers, memory),
    }
    reasons = failures(report, arguments.max_growth_mib)
    print(json.dumps({**report, "failures": reasons}, indent=2))
    if reasons:
        raise SystemExit(1)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", help="a server that runs already")
    parser.add_argument("--model", help="what `vaidya serve` is to serve, where no address is given")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--pid", type=int, help="with an address: the server's process, to watch its memory")
    parser.add_argument("--capacity", type=int, help="with an address: consultations that the server takes at once")
    parser.add_argument("--max-growth-mib", type=float, default=64.0, help="between the second and the last quarter")
    arguments = parser.parse_args(words)
    if (arguments.address is None) == (arguments.model is None):
        parser.error("give the address of a server, or --model")
    return arguments


@contextmanager
def _server(arguments: argparse.Namespace) -> Iterator[tuple[str, int | None, int | None]]:
    """Address, process and capacity of the server under load."""
    if arguments.address is not None:
        yield arguments.address, arguments.pid, arguments.capacity
        return
    from vaidya.cli.deploy import registered_cases
    from vaidya.deploy.local import server_process
    from vaidya.deploy.server import admission_of

    capacity = admission_of(registered_cases(arguments.model)[1]).capacity
    with server_process(arguments.model) as (address, process):
        yield address, process.pid, capacity


def _requests() -> list[dict[str, Any]]:
    """Our own cases that have a recording, as requests."""
    from vaidya.registry.register import own_requests

    found = [request for request in own_requests(4 * RECORDINGS).values() if request["audio"]]
    return [{name: value for name, value in r.items() if value is not None} for r in found[:RECORDINGS]]


def _load(
    address: str, pid: int | None, requests: Sequence[dict[str, Any]], arguments: argparse.Namespace
) -> tuple[Answers, list[float]]:
    answers, until = Answers(), time.monotonic() + arguments.minutes * 60
    clients = [
        threading.Thread(target=_client, args=(address, requests[n % len(requests) :] + requests, until, answers))
        for n in range(arguments.clients)
    ]
    for client in clients:
        client.start()
    return answers, _memory(pid, clients)


def _client(address: str, requests: Sequence[dict[str, Any]], until: float, answers: Answers) -> None:
    """One caller who asks at least once and honours Retry-After; each begins with another recording."""
    with httpx.Client(timeout=TIMEOUT_S) as http:
        for request in itertools.cycle(requests):
            pause_s = _ask(http, address, request, answers)
            if time.monotonic() > until:
                return
            time.sleep(pause_s)


def _ask(http: httpx.Client, address: str, request: dict[str, Any], answers: Answers) -> float:
    """One request; returns the seconds to wait before the next."""
    began = time.perf_counter()
    try:
        answer = http.post(f"{address}/invocations", json=request)
    except httpx.TransportError as error:
        answers.errors[type(error).__name__] += 1
        return SAMPLE_S
    answers.statuses[answer.status_code] += 1
    if answer.status_code == httpx.codes.OK:
        answers.seconds.append(time.perf_counter() - began)
    full = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    return float(answer.headers.get("Retry-After", "1")) if full else 0.0


def _memory(pid: int | None, clients: Sequence[threading.Thread]) -> list[float]:
    """MiB of the server and its children, every second until the callers are done."""
    samples = []
    while any(client.is_alive() for client in clients):
        if pid is not None:
            samples.append(_resident(pid))
        time.sleep(SAMPLE_S)
    return samples


def _resident(pid: int) -> float:
    """A child may end between two looks; a server that ended holds nothing."""
    total = 0
    try:
        for process in (server := psutil.Process(pid), *server.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / MIB


def _report(answers: Answers, memory: Sequence[float]) -> dict[str, Any]:
    """Memory is compared between the second and the last quarter: the first holds the warming up."""
    quarter, seconds = len(memory) // 4, answers.seconds
    second = round(statistics.fmean(memory[quarter : 2 * quarter]), 1) if quarter else None
    last = round(statistics.fmean(memory[-quarter:]), 1) if quarter else None
    return {
        "statuses": dict(sorted(answers.statuses.items())),
        "transport_errors": dict(answers.errors),
        "answered": len(seconds),
        "p50_s": round(statistics.median(seconds), 3) if seconds else None,
        "p95_s": round(statistics.quantiles(seconds, n=20)[18], 3) if len(seconds) > 1 else None,
        "memory_mib_second_quarter": second,
        "memory_mib_last_quarter": last,
    }


def failures(report: dict[str, Any], max_growth_mib: float) -> list[str]:
    """What of a report is not as it should be, a line each."""
    statuses, capacity = report["statuses"], report["capacity"]
    found = [f"{count} answers with status {status}" for status, count in statuses.items() if status >= 500]
    found += [f"{count} transport errors {name}" for name, count in report["transport_errors"].items()]
    if not report["answered"]:
        found.append("nothing was answered")
    if capacity is not None and report["clients"] <= capacity and 429 in statuses:
        found.append(f"{statuses[429]} refusals although {report['clients']} callers are within {capacity} places")
    before, after = report["memory_mib_second_quarter"], report["memory_mib_last_quarter"]
    if before is not None and after - before > max_growth_mib:
        found.append(f"memory grew by {after - before:.1f} MiB; {max_growth_mib:g} are allowed")
    return found


if __name__ == "__main__":
    main()
