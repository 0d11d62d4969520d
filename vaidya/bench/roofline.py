"""How near the language model comes to what the machine allows.

Writing a token reads every weight once and the cached keys and values so far: its limit is memory bandwidth over those
bytes. Reading a prompt multiplies each weight with many tokens at once: its limit is matrix throughput, two operations
a parameter and token (Williams et al., "Roofline", CACM 2009).
"""

from collections.abc import Sequence
from pathlib import Path

from vaidya.bench.gguf import ModelSize, read_size
from vaidya.bench.machine import Limits
from vaidya.bench.reading import Reading
from vaidya.bench.rows import LatencyRow, judged, median_row
from vaidya.config import LlmConfig
from vaidya.errors import WeightsError
from vaidya.weights import resolve

CACHE_BYTES = {"f16": 2.0, "q8_0": 34 / 32}  # of one cached value; q8_0 keeps a 16-bit scale for each 32
DECODE_GOAL = 0.8


def model_size(config: LlmConfig) -> ModelSize | None:
    """Sizes of the configured GGUF model; None for other backends."""
    if config.backend != "llama-cpp" or config.weights is None:
        return None
    try:
        return read_size(Path(resolve(config.weights, fetch=False).file(".gguf")))
    except WeightsError:
        return None


def limit_rows(limits: Limits) -> list[LatencyRow]:
    """The limits themselves."""
    values = {
        "memory_read_gb_s": (limits.read_gb_s, "GB/s"),
        "memory_triad_gb_s": (limits.triad_gb_s, "GB/s"),
        "matmul_gflop_s": (limits.matmul_gflop_s, "Gflop/s"),
    }
    return [LatencyRow(metric=m, value=value, unit=unit, scenario="machine") for m, (value, unit) in values.items()]


def roofline_rows(readings: Sequence[Reading], config: LlmConfig, limits: Limits) -> list[LatencyRow]:
    """Shares of the limits that decoding and prompt reading reach."""
    size = model_size(config)
    why = (
        "no reply was timed" if size else "the weights are no GGUF file here, so the bytes a token reads are not known"
    )
    decode = [decode_share(r, size, config, limits) for r in readings] if size else []
    prompt = [prompt_share(r, size, limits) for r in readings] if size else []
    goal = f"≥ {DECODE_GOAL:g}"
    return [
        judged(
            median_row("decode_share_of_limit", "of memory bandwidth", decode, reason=why),
            goal,
            lambda value: value >= DECODE_GOAL,
        ),
        median_row("prompt_share_of_limit", "of float32 matrix throughput", prompt, reason=why),
    ]


def decode_share(reading: Reading, size: ModelSize, config: LlmConfig, limits: Limits) -> float | None:
    """Bytes that writing the reply had to read, per second, over the measured bandwidth."""
    pace = reading.decode_tokens_per_s()
    if pace is None:
        return None
    context = reading.tokens.get("tokens_in", 0.0) + reading.tokens.get("tokens_out", 0.0) / 2
    return share_of_bandwidth(pace, size.bytes_per_token(context, CACHE_BYTES[config.cache_type]), limits)


def share_of_bandwidth(tokens_per_s: float, bytes_per_token: float, limits: Limits) -> float:
    """Bytes that are read per second over the measured bandwidth, in [0, 1] up to the error of either."""
    return tokens_per_s * bytes_per_token / (limits.memory_gb_s * 1e9)


def prompt_share(reading: Reading, size: ModelSize, limits: Limits) -> float | None:
    """Operations that reading the prompt took, per second, over the measured matrix throughput."""
    pace = reading.prompt_tokens_per_s()
    return None if pace is None else 2 * size.parameters * pace / (limits.matmul_gflop_s * 1e9)
