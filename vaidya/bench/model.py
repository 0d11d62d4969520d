"""`vaidya bench model`: the language model alone, at the note's own request, without sound.

For a machine that has the model's accelerator but not the rest, and for one setting against another: two engines in one
process, in turn.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vaidya.bench.device import device_limits, torch_size
from vaidya.bench.gguf import ModelSize
from vaidya.bench.latency import Report
from vaidya.bench.machine import Limits, environment, is_noisy, measure_limits
from vaidya.bench.roofline import limit_rows, model_size, share_of_bandwidth
from vaidya.bench.rows import LatencyRow, median_row, ratio_row
from vaidya.config import LlmConfig, RunConfig
from vaidya.corpora import read_cases
from vaidya.evaluation.entry import as_text
from vaidya.llm.base import LanguageModel, load_language_model
from vaidya.note.base import NoteInput
from vaidya.note.prompt import load_prompt
from vaidya.note.reply import reply_schema
from vaidya.schema import Findings, FindingsState, Generation, Message
from vaidya.transcript import transcript_from_text

CASE = "en-heart-failure"  # read as text; its recording is part of the consultation that `bench latency` hears
TOKENS = 128  # of each reply, if the model does not end it before
ARM, AGAINST = "vaidya", "against"


@dataclass(frozen=True, slots=True)
class Timed:
    """One reply. gaps: seconds between its pieces."""

    seconds: float
    reply: Generation
    gaps: tuple[float, ...]

    @property
    def prompt_pace(self) -> float | None:
        """Prompt tokens that were read, not taken from the cache, per second until the first token."""
        return _over((self.reply.tokens_in or 0) - (self.reply.tokens_cached or 0), self.reply.ttft_s)

    @property
    def pace(self) -> float | None:
        """Tokens after the first, per second."""
        return _over((self.reply.tokens_out or 0) - 1, self.reply.decode_s)


def _over(tokens: int, seconds: float | None) -> float | None:
    return tokens / seconds if tokens > 0 and seconds else None


def measure_model(config: RunConfig, against: RunConfig | None, repeat: int, say: Callable[[str], None]) -> Report:
    """Load one engine, or two, and let each write `repeat` replies, in turn.

    Raises:
        WeightsError, ConfigError: an engine cannot be loaded.
        GenerationError: a reply failed.
    """
    found = environment()
    request = note_request(config)
    report = Report(
        profile=config.profile,
        scenarios=("model",),
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
            report.rows += _rows(readings, arm, _size(engines[arm], llm), limits)
        if against is not None:
            report.rows += _ratios(timed)
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
    return Timed(seconds, reply, tuple(after - before for before, after in pairwise(pieces)))


def _rows(readings: Sequence[Timed], arm: str, size: ModelSize | None, limits: Limits) -> list[LatencyRow]:
    plain: dict[str, tuple[str, list[float | None]]] = {
        "reply_s": ("s", [r.seconds for r in readings]),
        "time_to_first_token_s": ("s from the request", [r.reply.ttft_s for r in readings]),
        "prompt_tokens_per_s": ("tokens/s", [r.prompt_pace for r in readings]),
        "decode_tokens_per_s": ("tokens/s", [r.pace for r in readings]),
        "longest_gap_s": ("s between two pieces", [max(r.gaps, default=None) for r in readings]),
        "tokens_in": ("tokens", [r.reply.tokens_in for r in readings]),
        "tokens_cached": ("tokens", [r.reply.tokens_cached for r in readings]),
        "tokens_out": ("tokens", [r.reply.tokens_out for r in readings]),
    }
    rows = [median_row(name, unit, values, arm=arm) for name, (unit, values) in plain.items()]
    if size is not None:
        shares = [_share(reading, size, limits) for reading in readings]
        rows += [
            LatencyRow(metric="weights_gb", value=size.weight_bytes / 1e9, unit="GB a token", arm=arm),
            median_row("decode_share_of_limit", "of memory bandwidth", shares, arm=arm),
        ]
    return rows


def _share(reading: Timed, size: ModelSize, limits: Limits) -> float | None:
    if reading.pace is None:
        return None
    context = (reading.reply.tokens_in or 0) + (reading.reply.tokens_out or 0) / 2
    return share_of_bandwidth(reading.pace, size.bytes_per_token(context), limits)


def _ratios(timed: dict[str, list[Timed]]) -> list[LatencyRow]:
    ours, theirs = timed[ARM], timed[AGAINST]
    paced = [(a.pace, b.pace) for a, b in zip(ours, theirs, strict=True) if a.pace and b.pace]
    same = [float(a.reply.text == b.reply.text) for a, b in zip(ours, theirs, strict=True)]
    return [
        ratio_row("reply_ratio", [r.seconds for r in theirs], [r.seconds for r in ours]),
        ratio_row("decode_ratio", [a for a, _ in paced], [b for _, b in paced]),
        LatencyRow(metric="same_text", value=sum(same) / len(same), unit="of the replies", n=len(same)),
    ]


def _limits(engine: LanguageModel) -> Limits:
    """Those of the device that the model lies on."""
    model = getattr(engine, "torch_model", None)
    return device_limits(model.device) if model is not None and model.device.type == "cuda" else measure_limits()


def _size(engine: LanguageModel, llm: LlmConfig) -> ModelSize | None:
    model = getattr(engine, "torch_model", None)
    return torch_size(model) if model is not None else model_size(llm)
