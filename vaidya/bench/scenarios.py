"""MLPerf Inference's scenarios: SingleStream, Server and Offline (Reddi et al., ISCA 2020, section 4)."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vaidya.bench.reading import Reading

Run = Callable[[], Reading]


def single_stream(arms: Mapping[str, Run], repeat: int, heard: Callable[[Reading], None]) -> dict[str, list[Reading]]:
    """Each arm `repeat` times, one after the other, in turn: A B A B, so that a slow minute meets every arm."""
    found: dict[str, list[Reading]] = {name: [] for name in arms}
    for _ in range(repeat):
        for name, run in arms.items():
            found[name].append(run())
            heard(found[name][-1])
    return found


@dataclass(frozen=True, slots=True)
class Served:
    """Consultations that arrived by themselves.

    sojourn_s: from arrival to record, waiting included, one a consultation. rate_per_s: arrivals asked for. span_s:
    from the first arrival to the last record.
    """

    sojourn_s: tuple[float, ...]
    rate_per_s: float
    span_s: float

    def goodput_share(self, limit_s: float) -> float:
        """Share of the consultations that were done within the limit, in [0, 1]."""
        return sum(value <= limit_s for value in self.sojourn_s) / len(self.sojourn_s)

    @property
    def per_hour(self) -> float:
        """Consultations done in an hour at this pace."""
        return len(self.sojourn_s) / self.span_s * 3600


def server(run: Run, count: int, rate_per_s: float, rng: np.random.Generator, workers: int = 32) -> Served:
    """Poisson arrivals: the next one comes whether or not the last one is done. Stages of two may overlap."""
    gaps = rng.exponential(1 / rate_per_s, size=count - 1).tolist()
    sojourn: list[float] = []
    lock = threading.Lock()

    def one(arrived: float) -> None:
        run()
        with lock:
            sojourn.append(time.perf_counter() - arrived)

    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        waiting = []
        for due in itertools.accumulate(gaps, initial=0.0):
            time.sleep(max(0.0, start + due - time.perf_counter()))
            waiting.append(pool.submit(one, time.perf_counter()))
        for done in waiting:
            done.result()
    return Served(tuple(sojourn), rate_per_s, time.perf_counter() - start)


def offline(run: Run, count: int, workers: int = 2) -> Served:
    """Everything is there at once; only the pace counts. Two at a time: one is heard while one is written up."""
    sojourn: list[float] = []
    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(run) for _ in range(count)]:
            done.result()
            sojourn.append(time.perf_counter() - start)
    return Served(tuple(sojourn), float("inf"), time.perf_counter() - start)
