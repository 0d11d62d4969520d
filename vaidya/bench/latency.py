"""`vaidya bench latency`: one profile, one consultation, everything measured in one process tree."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vaidya.bench import cold
from vaidya.bench.consultation import SECONDS, from_file, make_consultation
from vaidya.bench.cost import price_rows
from vaidya.bench.engines import EngineClock, engine_clock
from vaidya.bench.machine import Limits, environment, is_noisy, measure_limits
from vaidya.bench.peers import peer_row
from vaidya.bench.quality import REQUIRED, quality_ratio
from vaidya.bench.reading import PIPELINE_ARM, Reading, read_consultation
from vaidya.bench.roofline import limit_rows, roofline_rows
from vaidya.bench.rows import LatencyRow, Scenario, cost_rows, judged, median_row, ratio_row, reply_rows, stage_rows
from vaidya.bench.scenarios import Served, offline, server, single_stream
from vaidya.bench.seed_way import ARM as SEED_ARM
from vaidya.bench.seed_way import SeedWay
from vaidya.config import RunConfig
from vaidya.note.base import NoteInput
from vaidya.note.prompt import load_prompt
from vaidya.pipeline import Pipeline
from vaidya.schema import Message, TriageRecord

SLO_FACTOR = 2.0  # Server: a consultation may take so many times what it takes alone
LOAD = 0.7  # Server: arrivals, as a share of what the machine does one after the other
GOALS: dict[str, tuple[str, Callable[[float], bool]]] = {
    "seed_ratio": ("≥ 2", lambda value: value >= 2.0),
    "overhead_share": ("≤ 0.03", lambda value: value <= 0.03),
    "first_tier_s": ("≤ 0.05", lambda value: value <= 0.05),
    "model_tier_share": ("≤ 0.25", lambda value: value <= 0.25),
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What to measure. peers: names of `vaidya.bench.peers.PEERS`. audio: a recording of the user's own.

    seconds: wanted length of the consultation that is made without one. cold: also start a new process.
    """

    config: RunConfig
    scenarios: tuple[Scenario, ...] = ("single",)
    repeat: int = 5
    peers: tuple[str, ...] = ("seed",)
    audio: Path | None = None
    seconds: float = SECONDS
    cold: bool = True
    seed: int = 7


@dataclass(slots=True)
class Report:
    """Everything that one run found.

    valid: the notes are as good as their reference's; None when there was nothing to compare. noisy: the machine had
    other work.
    """

    profile: str
    scenarios: tuple[str, ...]
    environment: dict[str, Any]
    consultation: dict[str, Any]
    rows: list[LatencyRow] = field(default_factory=list)
    valid: bool | None = None
    noisy: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        rows = [row.model_dump(mode="json") for row in self.rows]
        names = ("profile", "scenarios", "valid", "noisy", "environment", "consultation")
        return {**{name: getattr(self, name) for name in names}, "rows": rows}

    def value(self, metric: str, arm: str = PIPELINE_ARM) -> float | None:
        """A metric's value; None when it has none or is not there."""
        return next((row.value for row in self.rows if row.metric == metric and row.arm == arm), None)


class _Bench:
    """One run under way."""

    def __init__(self, job: Job, folder: Path, say: Say) -> None:
        self.job = job
        self.say = say
        self.folder = folder
        self.rng = np.random.default_rng(job.seed)
        found = environment()
        self.consultation = from_file(job.audio) if job.audio else make_consultation(folder, job.seconds)
        self.report = Report(
            profile=job.config.profile,
            scenarios=job.scenarios,
            environment=found,
            consultation={"seconds": self.consultation.duration_s, "pieces": list(self.consultation.pieces)},
            noisy=is_noisy(found),
        )

    def run(self) -> Report:
        job = self.job
        self.say("the machine's own limits")
        before = measure_limits()
        first = self._cold() if job.cold else {}
        self.say("loading models")
        pipeline = Pipeline(job.config).load()
        try:
            with engine_clock() as clock:
                self._scenario(pipeline, clock, before, first)
        finally:
            pipeline.close()
        return self.report

    def _cold(self) -> dict[str, Any]:
        self.say("a process that has nothing loaded")
        found = cold.first_consultation(self.job.config, self.consultation.path)
        self.report.rows += [*cold.cold_rows(found), *cold.start_rows()]
        return found

    def _scenario(self, pipeline: Pipeline, clock: EngineClock, before: Limits, first: dict[str, Any]) -> None:
        # The first consultation of a process pays for buffers and lookups that no later one does.
        self.say("one consultation that does not count")
        record = pipeline.run(self.consultation.intake())
        if "single" in self.job.scenarios:
            self._single(pipeline, clock, before, first, record)
        self._many(pipeline, clock)

    def _single(
        self, pipeline: Pipeline, clock: EngineClock, before: Limits, first: dict[str, Any], record: TriageRecord
    ) -> None:
        found = single_stream(self._arms(pipeline, clock), self.job.repeat, self._heard)
        limits = before.best(measure_limits())
        ours = found[PIPELINE_ARM]
        rows = [*limit_rows(limits), *self._arm_rows(ours, PIPELINE_ARM)]
        rows += roofline_rows(ours, self.job.config.llm, limits)
        if SEED_ARM in found:
            rows += self._arm_rows(found[SEED_ARM], SEED_ARM)
            rows += self._against_seed(ours, found[SEED_ARM])
        total = float(np.median([reading.total_s for reading in ours]))
        rows += price_rows(self.job.config.price, total, first.get("ready_s"))
        self.report.rows += [_with_goal(row) for row in rows]
        self._peers(pipeline, record)

    def _arms(self, pipeline: Pipeline, clock: EngineClock) -> dict[str, Callable[[], Reading]]:
        consultation = self.consultation

        def ours() -> Reading:
            # In a clinic the consultation before was ours too and left the prefix in the cache.
            pipeline.warm()
            return read_consultation(pipeline, consultation.intake(), clock)

        arms: dict[str, Callable[[], Reading]] = {PIPELINE_ARM: ours}
        if "seed" in self.job.peers:
            way = SeedWay(pipeline)
            arms[SEED_ARM] = lambda: way.read(consultation, clock)
        return arms

    def _heard(self, reading: Reading) -> None:
        self.say(f"{reading.arm}: {reading.total_s:.1f} s")

    def _arm_rows(self, readings: Sequence[Reading], arm: str) -> list[LatencyRow]:
        rows = [*stage_rows(readings, arm), *reply_rows(readings, arm)]
        drafted = sum(reading.drafted for reading in readings)
        rows.append(LatencyRow(metric="notes_drafted", value=float(drafted), unit="of n", n=len(readings), arm=arm))
        return [*rows, *cost_rows(readings, arm)]

    def _against_seed(self, ours: Sequence[Reading], seed: Sequence[Reading]) -> list[LatencyRow]:
        quality = quality_ratio(self.consultation.case, ours, seed)
        has_facts = any(fact.critical for fact in self.consultation.case.facts)
        # Without a fact list two differently worded notes cannot be ranked, only compared.
        self.report.valid = None if quality is None or not has_facts else quality >= REQUIRED
        ratio = ratio_row("seed_ratio", [r.total_s for r in seed], [r.total_s for r in ours])
        name = "note_quality_ratio" if has_facts else "note_likeness"
        return [
            ratio,
            judged(
                LatencyRow(metric=name, value=quality, unit="of the peer's", n=len(ours)),
                f"≥ {REQUIRED:g}" if has_facts else "none: no fact list",
                lambda value: value >= REQUIRED,
            ),
        ]

    def _peers(self, pipeline: Pipeline, record: TriageRecord) -> None:
        case = self.consultation.case
        source = NoteInput(record.transcript, record.findings, case.vitals, case.patient, None)
        request: tuple[Message, ...] = load_prompt(self.job.config.note.prompt).messages(source)
        for name in self.job.peers:
            if name != "seed":
                self.say(f"peer: {name}")
                row = peer_row(name, pipeline, self.consultation, request, self.job.repeat)
                self.report.rows.append(row)

    def _many(self, pipeline: Pipeline, clock: EngineClock) -> None:
        """The scenarios with more than one consultation at a time, against what one takes alone just before."""

        def run() -> Reading:
            return read_consultation(pipeline, self.consultation.intake(), clock)

        for scenario in (name for name in self.job.scenarios if name != "single"):
            self.say(f"scenario {scenario}")
            alone = run()
            self._heard(alone)
            served = self._served(scenario, run, alone.total_s)
            self._served_rows(scenario, served, alone.total_s)

    def _served(self, scenario: Scenario, run: Callable[[], Reading], alone_s: float) -> Served:
        if scenario == "offline":
            return offline(run, self.job.repeat)
        return server(run, self.job.repeat, LOAD / alone_s, self.rng)

    def _served_rows(self, scenario: Scenario, served: Served, alone_s: float) -> None:
        count = len(served.sojourn_s)
        rows = [median_row(f"sojourn_s_p{q}", "s", served.sojourn_s, q=q, scenario=scenario) for q in (50, 95, 99)]
        rows.append(
            LatencyRow(metric="consultations_per_hour", value=served.per_hour, unit="/h", n=count, scenario=scenario)
        )
        if scenario == "server":
            limit = SLO_FACTOR * alone_s
            rows += [
                LatencyRow(metric="arrivals_per_hour", value=served.rate_per_s * 3600, unit="/h", scenario=scenario),
                LatencyRow(metric="slo_s", value=limit, unit="s", scenario=scenario),
                LatencyRow(
                    metric="goodput_share",
                    value=served.goodput_share(limit),
                    unit="within the SLO",
                    n=count,
                    scenario=scenario,
                ),
            ]
        self.report.rows += rows


def _with_goal(row: LatencyRow) -> LatencyRow:
    if row.metric in GOALS and row.arm == PIPELINE_ARM:
        return judged(row, *GOALS[row.metric])
    return row


def measure(job: Job, say: Say = lambda _: None) -> Report:
    """Measure a job. say: hears what is being done, a line at a time.

    Raises:
        DataError: there is no recording to measure with.
        ConfigError, WeightsError: the profile cannot run on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="vaidya-bench-") as folder:
        return _Bench(job, Path(folder), say).run()
