"""Rows of the instrument: one number, its interval, and the reason when there is none."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from vaidya.bench.reading import PIPELINE_ARM, Reading
from vaidya.evaluation.interval import repeated
from vaidya.evaluation.latency import percentile
from vaidya.schema.base import Contract

Scenario = Literal["single", "server", "offline", "machine"]
State = Literal["warm", "cold"]
PERCENTILES = (50, 95, 99)
STAGES = ("audio", "transcript", "acoustic", "note", "triage", "total")


class LatencyRow(Contract):
    """One number.

    value: None when it cannot be had; `reason` says why. low, high: 95 % interval over consultations (`repeated`),
    None where there are too few for one. n: measurements behind it. arm: "vaidya", or "peer:…". goal: what is wanted of
    it, as text; met: whether it was reached.
    """

    metric: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    n: Annotated[int, Field(ge=0)] = 1
    arm: str = PIPELINE_ARM
    scenario: Scenario = "single"
    state: State = "warm"
    goal: str | None = None
    met: bool | None = None
    reason: str | None = None


def median_row(  # noqa: PLR0913 - the parts of a row
    metric: str,
    unit: str,
    values: Sequence[float | None],
    *,
    arm: str = PIPELINE_ARM,
    q: float = 50,
    scenario: Scenario = "single",
    reason: str | None = None,
) -> LatencyRow:
    """A percentile, the median unless `q` says otherwise, of those values that are there."""
    found = [value for value in values if value is not None]
    low, high = repeated(found, q)
    why = None if found else reason or "not measured by this arm"
    value = percentile(found, q)
    return LatencyRow(
        metric=metric, value=value, unit=unit, low=low, high=high, n=len(found), arm=arm, scenario=scenario, reason=why
    )


def ratio_row(metric: str, above: Sequence[float], below: Sequence[float], arm: str = PIPELINE_ARM) -> LatencyRow:
    """Median of the ratios of neighbouring runs: what disturbs the machine disturbs both of a pair."""
    ratios = [a / b for a, b in zip(above, below, strict=False) if b]
    return median_row(metric, "×", ratios, arm=arm, reason="no pair of runs")


def judged(row: LatencyRow, goal: str, reached: Callable[[float], bool]) -> LatencyRow:
    """The row with its goal, and whether the value reaches it."""
    met = None if row.value is None else reached(row.value)
    return row.model_copy(update={"goal": goal, "met": met})


def stage_rows(readings: Sequence[Reading], arm: str) -> list[LatencyRow]:
    """p50, p95 and p99 of each stage and of the whole."""
    rows = []
    for stage in STAGES:
        values = [reading.stages[stage] for reading in readings if stage in reading.stages]
        rows += [median_row(f"{stage}_s_p{q}", "s", values, arm=arm, q=q) for q in PERCENTILES if values]
    return rows


def reply_rows(readings: Sequence[Reading], arm: str) -> list[LatencyRow]:
    """First tier, model's tier, first token, pace of the reply."""
    gaps = [gap for reading in readings for gap in reading.inter_token_s()]
    plain: dict[str, tuple[str, list[float | None]]] = {
        "first_tier_s": ("s", [r.first_tier_s for r in readings]),
        "model_tier_s": ("s", [r.model_tier_s for r in readings]),
        "model_tier_share": ("of the note's time", [r.model_tier_share for r in readings]),
        "first_token_s": ("s", [r.first_token_s for r in readings]),
        "time_to_first_token_s": ("s from the request", [r.tokens.get("ttft_s") for r in readings]),
        "tokens_in": ("tokens", [r.tokens.get("tokens_in") for r in readings]),
        "tokens_cached": ("tokens", [r.tokens.get("tokens_cached") for r in readings]),
        "tokens_out": ("tokens", [r.tokens.get("tokens_out") for r in readings]),
        "prompt_tokens_per_s": ("tokens/s", [r.prompt_tokens_per_s() for r in readings]),
        "decode_tokens_per_s": ("tokens/s", [r.decode_tokens_per_s() for r in readings]),
    }
    rows = [median_row(name, unit, values, arm=arm) for name, (unit, values) in plain.items()]
    return [*rows, *(_gap_row(gaps, q, arm) for q in PERCENTILES)]


def _gap_row(gaps: Sequence[float], q: int, arm: str) -> LatencyRow:
    # Thousands of gaps of a handful of replies are not independent, so no interval is claimed.
    reason = None if gaps else "the reply was not streamed"
    return LatencyRow(
        metric=f"inter_token_s_p{q}", value=percentile(gaps, q), unit="s", n=len(gaps), arm=arm, reason=reason
    )


def cost_rows(readings: Sequence[Reading], arm: str) -> list[LatencyRow]:
    """What a consultation took of the machine."""
    no_energy = "the processor's energy counter (RAPL) is not readable here"
    rtf = [r.total_s / r.audio_s if r.audio_s else None for r in readings]
    return [
        median_row("real_time_factor", "s per s of sound", rtf, arm=arm),
        median_row("overhead_share", "of the total", [r.overhead_share for r in readings], arm=arm),
        median_row("engines_s", "s", [r.engines_s for r in readings], arm=arm),
        median_row("cpu_s", "s", [r.usage.cpu_s for r in readings], arm=arm),
        median_row("peak_memory_gb", "GB", [r.usage.peak_memory_gb for r in readings], arm=arm, q=100),
        median_row("energy_j", "J", [r.usage.energy_j for r in readings], arm=arm, reason=no_energy),
    ]
