"""`vaidya bench model`: the language model alone, at the note's own request, without sound.

For a machine that has the model's accelerator but not the rest, and for one setting against another: two engines in one
process, in turn.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vaidya.bench.device import device_limits, torch_size
from vaidya.bench.gguf import ModelSize
from vaidya.bench.machine import Limits, environment, is_noisy, measure_limits
from vaidya.bench.roofline import limit_rows, model_size
from vaidya.bench.rows import LatencyRow, median_row, ratio_row
from vaidya.config import LlmConfig, RunConfig
from vaidya.corpora import read_cases
from vaidya.evaluation.entry import as_text
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note.base import NoteInput
from vaidya.note.prompt import load_prompt
from vaidya.note.reply import reply_schema
from vaidya.schema import Findings, FindingsState, Message
from vaidya.transcript import transcript_from_text

CASE = "en-heart-failure"  # read as text; its recording is part of the consultation that `bench latency` hears
TOKENS = 128  # of each reply, if the model does not end it before
ARM, AGAINST = "vaidya", "against"


@dataclass(frozen=True, slots=True)
class Timed:
    """One reply. gaps: seconds between its pieces."""

    seconds: float
    ttft_s: float
    decode_s: float
    tokens: dict[str, int]
    gaps: tuple[float, ...]
    text: str


@dataclass(slots=True)
class ModelReport:
    """What was found; printed as the other reports are."""

    profile: str
    environment: dict[str, Any]
    consultation: dict[str, Any]
    rows: list[LatencyRow] = field(default_factory=list)
    scenarios: tuple[str, ...] = ("model",)
    valid: bool | None = None
    noisy: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        rows = [row.model_dump(mode="json") for row in self.rows]
        names = ("profile", "scenarios", "valid", "noisy", "environment", "consultation")
        return {**{name: getattr(self, name) for name in names}, "rows": rows}


def measure_model(
    config: RunConfig, against: RunConfig | None, repeat: int, say: Callable[[str], None], seed: int = 7
) -> ModelReport:
    """Load one engine, or two, and let each write `repeat` replies, in turn.

    Raises:
        WeightsError, ConfigError: an engine cannot be loaded.
        GenerationError: a reply failed.
    """
    rng = np.random.default_rng(seed)
    found = environment()
    request = note_request(config)
    report = ModelReport(
        profile=config.profile,
        environment=found,
        consultation={"seconds": 0.0, "pieces": [CASE]},
        noisy=is_noisy(found),
    )
    engines: dict[str, LanguageModel] = {}
    try:
        for arm, chosen in {ARM: config, AGAINST: against}.items():
            if chosen is not None:
                say(f"loading: {arm}")
                engines[arm] = _loaded(chosen.llm, request, arm, report.rows)
        timed: dict[str, list[Timed]] = {arm: [] for arm in engines}
        for number in range(repeat):
            for arm, engine in engines.items():
                say(f"reply {number + 1} of {repeat}: {arm}")
                timed[arm].append(_timed(engine, request))
        limits = _limits(engines[ARM])
        report.rows += limit_rows(limits)
        for arm, readings in timed.items():
            llm = config.llm if against is None or arm == ARM else against.llm
            report.rows += _rows(readings, arm, _size(engines[arm], llm), limits, rng)
        if against is not None:
            report.rows += _ratios(timed, rng)
    finally:
        for engine in engines.values():
            engine.close()
    return report


def note_request(config: RunConfig) -> tuple[Message, ...]:
    """The note's request for one of the project's own consultations, from its text."""
    case = next(case for case in read_cases("cases") if case.id == CASE)
    findings = Findings(state=FindingsState.NO_AUDIO, encoder="none", weight=0.0, weight_reason="not listened to")
    source = NoteInput(transcript_from_text(as_text(case.turns), "en"), findings, case.vitals, case.patient, None)
    return load_prompt(config.note.prompt).messages(source)


def _loaded(llm: LlmConfig, request: Sequence[Message], arm: str, rows: list[LatencyRow]) -> LanguageModel:
    start = time.perf_counter()
    engine = load_language_model(llm)
    loaded = time.perf_counter()
    engine.warm(request[:-1])
    warmed = time.perf_counter()
    first = _timed(engine, request)
    values = {"load_s": loaded - start, "warm_s": warmed - loaded, "first_reply_s": first.seconds}
    rows += [LatencyRow(metric=m, value=value, unit="s", arm=arm, state="cold") for m, value in values.items()]
    return engine


def _timed(engine: LanguageModel, request: Sequence[Message]) -> Timed:
    pieces: list[float] = []
    start = time.perf_counter()
    reply = engine.generate(
        request, reply_schema(), max_tokens=TOKENS, on_text=lambda _: pieces.append(time.perf_counter())
    )
    seconds = time.perf_counter() - start
    tokens = {"in": reply.tokens_in, "cached": reply.tokens_cached, "out": reply.tokens_out}
    gaps = tuple(float(gap) for gap in np.diff(pieces))
    return Timed(seconds, reply.ttft_s, reply.decode_s, tokens, gaps, reply.text)


def _rows(
    readings: Sequence[Timed], arm: str, size: ModelSize | None, limits: Limits, rng: np.random.Generator
) -> list[LatencyRow]:
    paces = [(r.tokens["out"] - 1) / r.decode_s for r in readings]
    prompt = [(r.tokens["in"] - r.tokens["cached"]) / r.ttft_s for r in readings]
    plain = {
        "reply_s": ("s", [r.seconds for r in readings]),
        "time_to_first_token_s": ("s from the request", [r.ttft_s for r in readings]),
        "prompt_tokens_per_s": ("tokens/s", prompt),
        "decode_tokens_per_s": ("tokens/s", paces),
        "longest_gap_s": ("s between two pieces", [max(r.gaps) for r in readings]),
        **{f"tokens_{name}": ("tokens", [r.tokens[name] for r in readings]) for name in ("in", "cached", "out")},
    }
    rows = [median_row(name, unit, values, rng, arm=arm) for name, (unit, values) in plain.items()]
    if size is not None:
        context = [r.tokens["in"] + r.tokens["out"] / 2 for r in readings]
        shares = [
            pace * size.bytes_per_token(tokens) / (limits.memory_gb_s * 1e9)
            for pace, tokens in zip(paces, context, strict=True)
        ]
        rows += [
            LatencyRow(metric="weights_gb", value=size.weight_bytes / 1e9, unit="GB a token", arm=arm),
            median_row("decode_share_of_limit", "of memory bandwidth", shares, rng, arm=arm),
        ]
    return rows


def _ratios(timed: dict[str, list[Timed]], rng: np.random.Generator) -> list[LatencyRow]:
    ours, theirs = timed[ARM], timed[AGAINST]
    same = [float(a.text == b.text) for a, b in zip(ours, theirs, strict=True)]
    return [
        ratio_row("reply_ratio", [r.seconds for r in theirs], [r.seconds for r in ours], rng),
        ratio_row("decode_ratio", [_gap_s(r) for r in theirs], [_gap_s(r) for r in ours], rng),
        LatencyRow(metric="same_text", value=float(np.mean(same)), unit="of the replies", n=len(same)),
    ]


def _gap_s(reading: Timed) -> float:
    return reading.decode_s / max(1, reading.tokens["out"] - 1)


def _torch_model(engine: LanguageModel) -> Any:
    loaded = getattr(engine, "_loaded", None)
    return getattr(loaded, "model", None)


def _limits(engine: LanguageModel) -> Limits:
    """Those of the device that the model lies on."""
    model = _torch_model(engine)
    return device_limits(model.device) if model is not None and model.device.type == "cuda" else measure_limits()


def _size(engine: LanguageModel, llm: LlmConfig) -> ModelSize | None:
    model = _torch_model(engine)
    return torch_size(model) if model is not None else model_size(llm)
