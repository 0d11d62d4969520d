"""How many consultations a fleet serves: a simulation fed with measured stage times.

    python experiments/queueing.py --report rows.jsonl     # stage times of an evaluation; it lies beside its report
    python experiments/queueing.py --report report.json    # or of one consultation: `vaidya bench latency --json`

Consultations arrive by a Poisson process (or all at once), pass the stages in order, wait first come first served for a
free place, and take longer when places on the same machine are taken, as the stage's `slowdown` says. Tested against
Erlang's and Pollaczek and Khinchine's formulas (tests/bench/test_queueing.py).
"""

import argparse
import heapq
import itertools
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HOUR_S = 3600.0
COUNT = 20_000  # consultations of one simulation
WARM_UP = 0.25  # share of them that fill the fleet and are not counted
BISECTIONS = 10  # a thousandth of the fleet's raw capacity
SIZES = (1, 8, 100)  # machines of a fleet
CROWD = 300  # recordings uploaded at the same moment


@dataclass(frozen=True)
class Stage:
    """One kind of work. seconds: mean time alone. spread: coefficient of variation. slots: places on one machine.

    shared: by how much each further job on the same machine lengthens all of them; 1 means that two take twice as long
    (a busy core), 0 that they do not notice each other (a batch that memory bandwidth pays for once).
    """

    name: str
    seconds: float
    machines: int
    spread: float = 0.3
    slots: int = 1
    shared: float = 1.0

    def slowdown(self, jobs: int) -> float:
        return 1.0 + self.shared * (jobs - 1)

    @property
    def capacity_per_s(self) -> float:
        return self.machines * self.slots / (self.seconds * self.slowdown(self.slots))


@dataclass
class _Machine:
    jobs: dict[int, float] = field(default_factory=dict)  # job -> seconds of work left, were it alone
    since: float = 0.0
    busy_s: float = 0.0
    version: int = 0

    def advance(self, now: float, stage: Stage) -> None:
        if self.jobs:
            done = (now - self.since) / stage.slowdown(len(self.jobs))
            self.jobs = {job: left - done for job, left in self.jobs.items()}
            self.busy_s += now - self.since
        self.since = now

    def next_end(self, stage: Stage) -> tuple[float, int]:
        job, left = min(self.jobs.items(), key=lambda pair: pair[1])
        return self.since + max(left, 0.0) * stage.slowdown(len(self.jobs)), job


@dataclass(frozen=True)
class Outcome:
    """sojourn_s: from arrival to the end of the last stage, one a consultation. busy: share of time a stage worked."""

    sojourn_s: np.ndarray
    busy: dict[str, float]
    span_s: float

    @property
    def per_hour(self) -> float:
        return len(self.sojourn_s) / self.span_s * HOUR_S

    def percentile(self, q: float) -> float:
        return float(np.percentile(self.sojourn_s, q))


class Fleet:
    """A run of the simulation: stages in order, each with its machines and its queue."""

    def __init__(self, stages: Sequence[Stage], rng: np.random.Generator) -> None:
        self.stages = stages
        self.rng = rng
        self.machines = [[_Machine() for _ in range(stage.machines)] for stage in stages]
        self.queues: list[deque[int]] = [deque() for _ in stages]
        self.events: list[tuple[float, int, int, int, int]] = []
        self.order = itertools.count()

    def run(self, arrivals: Sequence[float]) -> Outcome:
        begun = dict(enumerate(arrivals))
        ended: dict[int, float] = {}
        for job, at in begun.items():
            heapq.heappush(self.events, (at, next(self.order), -1, 0, job))
        while self.events:
            now, _, level, place, token = heapq.heappop(self.events)
            if level < 0:
                self._enter(0, token, now)
                continue
            machine = self.machines[level][place]
            if machine.version != token:
                continue  # the machine's jobs changed since this end was foreseen
            job = self._leave(level, place, now)
            if level + 1 < len(self.stages):
                self._enter(level + 1, job, now)
            else:
                ended[job] = now
        span = max(ended.values()) - min(begun.values())
        sojourn = np.array([ended[job] - begun[job] for job in sorted(ended)])
        return Outcome(sojourn, self._busy(span), span)

    def _busy(self, span: float) -> dict[str, float]:
        return {
            stage.name: sum(machine.busy_s for machine in machines) / (span * stage.machines)
            for stage, machines in zip(self.stages, self.machines, strict=True)
        }

    def _enter(self, level: int, job: int, now: float) -> None:
        self.queues[level].append(job)
        self._fill(level, now)

    def _leave(self, level: int, place: int, now: float) -> int:
        stage, machine = self.stages[level], self.machines[level][place]
        machine.advance(now, stage)
        _, job = machine.next_end(stage)
        del machine.jobs[job]
        self._foresee(level, place)
        self._fill(level, now)
        return job

    def _fill(self, level: int, now: float) -> None:
        stage, queue = self.stages[level], self.queues[level]
        while queue:
            place, machine = min(enumerate(self.machines[level]), key=lambda pair: len(pair[1].jobs))
            if len(machine.jobs) >= stage.slots:
                return
            machine.advance(now, stage)
            machine.jobs[queue.popleft()] = self._work(stage)
            self._foresee(level, place)

    def _foresee(self, level: int, place: int) -> None:
        machine = self.machines[level][place]
        machine.version = next(self.order)
        if machine.jobs:
            at, _ = machine.next_end(self.stages[level])
            heapq.heappush(self.events, (at, next(self.order), level, place, machine.version))

    def _work(self, stage: Stage) -> float:
        if stage.spread == 0:
            return stage.seconds
        # Gamma: positive, right-skewed, any coefficient of variation; 1 is the exponential distribution.
        shape = 1 / stage.spread**2
        return float(self.rng.gamma(shape, stage.seconds / shape))


def simulate(stages: Sequence[Stage], per_s: float, count: int, rng: np.random.Generator) -> Outcome:
    """Poisson arrivals at a rate."""
    return Fleet(stages, rng).run(np.cumsum(rng.exponential(1 / per_s, count)).tolist())


def burst(stages: Sequence[Stage], count: int, rng: np.random.Generator) -> Outcome:
    """Everything is uploaded at the same moment."""
    return Fleet(stages, rng).run([0.0] * count)


def highest_rate(stages: Sequence[Stage], limit_s: float, count: int = COUNT, seed: int = 7) -> float:
    """Arrivals per second at which 95 % of the consultations still end within the limit, found by bisection.

    The fleet begins empty, so the first consultations wait too little; they are not counted.
    """
    low, high = 0.0, min(stage.capacity_per_s for stage in stages)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        found = simulate(stages, middle, count, np.random.default_rng(seed))
        late = np.percentile(found.sojourn_s[int(WARM_UP * count) :], 95) > limit_s
        low, high = (low, middle) if late else (middle, high)
    return low


# --- fleets ----------------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[dict]:
    """Rows of an evaluation (`rows.jsonl`, one a line), or of what `vaidya bench latency --json` printed."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)["rows"]


def measured_stages(found: Sequence[dict], machines: int) -> list[Stage]:
    """The embedded pipeline as it ran: hearing and writing on the same cores, one consultation at a time a machine."""
    value = {
        row["metric"]: row["value"] for row in found if row["arm"] == "vaidya" and row.get("cohort", "all") == "all"
    }
    p50, p95 = value["total_s_p50"], value["total_s_p95"]
    spread = max(0.1, (p95 - p50) / p50 / 1.645)
    # A gamma distribution's mean lies above its median, by about a third of the squared spread (Wilson and Hilferty).
    return [Stage("consultation", p50 * (1 + spread**2 / 3), machines, spread)]


@dataclass(frozen=True)
class Gpu:
    """A GPU on paper. bandwidth in GB/s, fp16 in Tflop/s (dense), price in USD an hour on demand; `share` of the
    limits that real engines reach."""

    name: str
    bandwidth: float
    fp16: float
    price: float
    share: float = 0.6


# NVIDIA's data sheet of the A10G; price: g5.xlarge, Linux, us-east-1, on demand, AWS price list as published in 2024.
A10G = Gpu("NVIDIA A10G (g5.xlarge)", bandwidth=600, fp16=70, price=1.006)
MEDGEMMA_BYTES = 8.6e9  # 4.3 billion parameters of 16 bits
MEDGEMMA_PARAMETERS = 4.3e9
WHISPER_MEDIUM_PARAMETERS = 0.77e9
TOKENS_IN, TOKENS_OUT = 450, 180  # of one note with the shipped prompt: about what the embedded model takes
SPEECH_TOKENS = 250  # of a minute of speech, decoded by the transcriber


def paper_stages(gpu: Gpu, gpus: int, *, batched: bool) -> list[Stage]:
    """Stage times of the production models from the roofline alone: nobody measured them.

    Without batches a GPU does everything for one consultation, then for the next. With batches GPUs are shared out
    between hearing and writing, and a GPU that writes has 16 notes under way, for which it reads the weights once.
    """
    hear = _hear_s(gpu)
    write = MEDGEMMA_BYTES * TOKENS_OUT / (gpu.bandwidth * 1e9 * gpu.share)
    write += 2 * MEDGEMMA_PARAMETERS * TOKENS_IN / (gpu.fp16 * 1e12 * gpu.share)
    if not batched or gpus < 2:
        return [Stage("consultation", hear + write, gpus, 0.4)]
    slots, shared = 16, 0.06  # each further note adds its keys and values, its samplers and its prompt
    pace = slots / (write * (1 + shared * (slots - 1)))
    listeners = max(1, round(gpus * hear * pace / (1 + hear * pace)))
    return [
        Stage("hearing", hear, listeners, 0.4),
        Stage("writing", write, gpus - listeners, 0.3, slots=slots, shared=shared),
    ]


def _hear_s(gpu: Gpu) -> float:
    decode = WHISPER_MEDIUM_PARAMETERS * SPEECH_TOKENS / (gpu.bandwidth * 1e9 * gpu.share)
    encode = 2 * 0.3e9 * 2 * 1500 / (gpu.fp16 * 1e12 * gpu.share)  # the encoder, two windows of 1,500 frames
    return decode + encode + 0.3  # decoding the file, voice detection, the host's part


def rows(fleets: dict[str, tuple[list[Stage], float]], limit_s: float) -> list[str]:
    """A Markdown table: capacity within the limit, cost, the bottleneck, and a burst of uploads."""
    lines = [
        f"| fleet | machines by stage | consultations/h, p95 ≤ {limit_s:g} s | per USD | fullest stage "
        f"| {CROWD} at once: p50, last |",
        "|---|---|---:|---:|---|---:|",
    ]
    return lines + [_row(name, stages, price, limit_s) for name, (stages, price) in fleets.items()]


def _row(name: str, stages: list[Stage], price: float, limit_s: float) -> str:
    rate = highest_rate(stages, limit_s)
    fullest = min(stages, key=lambda stage: stage.capacity_per_s)
    crowd = burst(stages, CROWD, np.random.default_rng(7))
    split = " + ".join(f"{stage.machines} {stage.name}" for stage in stages) if len(stages) > 1 else "all on each"
    cells = (
        name,
        split,
        _digits(rate * HOUR_S),
        _digits(rate * HOUR_S / price) if price else "–",
        f"{fullest.name} ({rate / fullest.capacity_per_s:.0%})",
        f"{_digits(crowd.percentile(50))} s, {_digits(crowd.span_s)} s",
    )
    return f"| {' | '.join(cells)} |"


def _digits(value: float) -> str:
    """Two significant digits: a simulation of assumed service times carries no more."""
    return f"{float(f'{value:.2g}'):,.0f}"


def paper_fleets(gpu: Gpu) -> dict[str, tuple[list[Stage], float]]:
    """One, eight and a hundred of a GPU, without batches and with them; and what each costs an hour."""
    return {
        f"{n} × {gpu.name}, {'batched' if batched else 'one at a time'}": (
            paper_stages(gpu, n, batched=batched),
            n * gpu.price,
        )
        for n in SIZES
        for batched in (False, True)
        if n > 1 or not batched
    }


def main() -> None:
    """Print the tables of docs/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path, help="rows.jsonl of an evaluation, or JSON of `vaidya bench latency`")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds within which 95 %% must be done, measured")
    parser.add_argument("--paper-limit", type=float, default=15.0, help="the same for the GPUs on paper")
    arguments = parser.parse_args()
    if arguments.report:
        found = read_rows(arguments.report)
        fleets = {f"{n} × the measured machine": (measured_stages(found, n), 0.0) for n in SIZES}
        print("\n".join(rows(fleets, arguments.limit)), "\n")
    print("\n".join(rows(paper_fleets(A10G), arguments.paper_limit)))


if __name__ == "__main__":
    main()
