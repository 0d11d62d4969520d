"""Put a running server under load and print what it answered: status codes, latencies, memory of its process.

python deploy/load.py http://127.0.0.1:8080 --clients 8 --minutes 2 --pid 1234 --audio tests/data/clip.flac
"""

import argparse
import base64
import collections
import json
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

MIB = 1024 * 1024
SAMPLE_S = 2.0


def main() -> None:
    """Run the load, print a JSON report; exit code 1 on any 5xx."""
    arguments = _arguments()
    body = _body(arguments.audio)
    statuses: collections.Counter[int] = collections.Counter()
    seconds: list[float] = []
    until = time.monotonic() + arguments.minutes * 60
    clients = [
        threading.Thread(target=_client, args=(arguments.address, body, until, statuses, seconds))
        for _ in range(arguments.clients)
    ]
    for client in clients:
        client.start()
    memory = _memory(arguments.pid, clients)
    report = _report(statuses, seconds, memory)
    print(json.dumps(report, indent=2))
    if any(status >= 500 for status in statuses):
        raise SystemExit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--pid", type=int, help="the server's process, to watch its memory")
    parser.add_argument("--audio", type=Path)
    return parser.parse_args()


def _body(audio: Path | None) -> dict[str, Any]:
    request: dict[str, Any] = {"vitals": {"spo2": 93, "respirations": 24, "pulse": 110}, "complaint": "breathless"}
    if audio is not None:
        request["audio"] = base64.b64encode(audio.read_bytes()).decode("ascii")
    return request


def _client(address: str, body: dict[str, Any], until: float, statuses: Any, seconds: list[float]) -> None:
    """One caller who honours Retry-After."""
    with httpx.Client(timeout=300.0) as http:
        while time.monotonic() < until:
            began = time.perf_counter()
            answer = http.post(f"{address}/invocations", json=body)
            statuses[answer.status_code] += 1
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                time.sleep(float(answer.headers.get("Retry-After", "1")))
            else:
                seconds.append(time.perf_counter() - began)


def _memory(pid: int | None, clients: list[threading.Thread]) -> list[float]:
    """MiB of the server and its children, every two seconds until the clients are done."""
    samples = []
    while any(client.is_alive() for client in clients):
        if pid is not None:
            server = psutil.Process(pid)
            family = [server, *server.children(recursive=True)]
            samples.append(sum(process.memory_info().rss for process in family if process.is_running()) / MIB)
        time.sleep(SAMPLE_S)
    return samples


def _report(statuses: Any, seconds: list[float], memory: list[float]) -> dict[str, Any]:
    """Memory is compared between the second and the last quarter: the first holds the warming up."""
    quarter = len(memory) // 4
    return {
        "statuses": dict(sorted(statuses.items())),
        "answered": len(seconds),
        "p50_s": round(statistics.median(seconds), 3) if seconds else None,
        "p95_s": round(statistics.quantiles(seconds, n=20)[18], 3) if len(seconds) > 1 else None,
        "memory_mib_second_quarter": round(statistics.fmean(memory[quarter : 2 * quarter]), 1) if quarter else None,
        "memory_mib_last_quarter": round(statistics.fmean(memory[-quarter:]), 1) if quarter else None,
    }


if __name__ == "__main__":
    main()
