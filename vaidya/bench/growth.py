"""How time and memory grow with the length of a recording: each length in a process of its own."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vaidya.bench.cold import first_consultation
from vaidya.bench.consultation import from_file, make_consultation, repeated
from vaidya.bench.latency import Job, Report, Say
from vaidya.bench.machine import environment, is_noisy
from vaidya.bench.rows import LatencyRow, judged
from vaidya.config import RunConfig

TIMEOUT_S = 3600.0
MEMORY_GOAL = 1.2  # of the longest recording's peak memory over the shortest one's
EXPONENT_GOAL = 1.1  # of the transcript's time in the recording's length; 1 is linear


def measure_growth(job: Job, minutes: Sequence[float], say: Say = lambda _: None) -> Report:
    """The first consultation of a new process at each length, in minutes, with the limits on recordings lifted.

    Raises:
        DataError: there is no recording to measure with.
    """
    found = environment()
    with tempfile.TemporaryDirectory(prefix="vaidya-bench-") as name:
        folder = Path(name)
        once = from_file(job.audio) if job.audio else make_consultation(folder)
        report = Report(
            job.config.profile, ("single",), found, {"seconds": once.duration_s, "pieces": list(once.pieces)}
        )
        report.noisy = is_noisy(found)
        points = []
        for length in sorted(minutes):
            say(f"{length:g} min of speech")
            longer = repeated(once, length * 60, folder)
            points.append((longer.duration_s, first_consultation(_unlimited(job.config), longer.path, TIMEOUT_S)))
    report.rows = [*_points(points), *_fits(points)]
    return report


def _unlimited(config: RunConfig) -> RunConfig:
    """Two hours of speech allowed, uncompressed, and the time that it takes."""
    return config.override(
        {
            "audio.max_duration_s": 7200.0,
            "audio.max_bytes": 2**31,
            "audio.max_decode_s": 600.0,
            "transcript.timeout_s": TIMEOUT_S,
            "acoustic.timeout_s": TIMEOUT_S,
        }
    )


def _points(points: Sequence[tuple[float, dict[str, float]]]) -> list[LatencyRow]:
    names = {"transcript_s": "s", "acoustic_s": "s", "note_s": "s", "first_consultation_s": "s", "peak_memory_gb": "GB"}
    return [
        LatencyRow(
            metric=f"{name}_at_{seconds:.0f}s",
            value=found.get(name),
            unit=unit,
            state="cold",
            reason=None if name in found else "the stage did not run",
        )
        for seconds, found in points
        for name, unit in names.items()
    ]


def _fits(points: Sequence[tuple[float, dict[str, float]]]) -> list[LatencyRow]:
    """Exponents of power laws fitted to the times (1 is linear), and the ratio of peak memories."""
    rows = [_exponent(stage, points) for stage in ("transcript", "acoustic")]
    (shortest, least), (longest, most) = points[0], points[-1]
    ratio = LatencyRow(
        metric=f"memory_{longest:.0f}s_over_{shortest:.0f}s",
        value=most["peak_memory_gb"] / least["peak_memory_gb"],
        unit="×",
        state="cold",
    )
    return [*rows, judged(ratio, f"≤ {MEMORY_GOAL:g}", lambda value: value <= MEMORY_GOAL)]


def _exponent(stage: str, points: Sequence[tuple[float, dict[str, float]]]) -> LatencyRow:
    pairs = [(seconds, found[f"{stage}_s"]) for seconds, found in points if f"{stage}_s" in found]
    lengths, times = np.log(np.array(pairs).reshape(-1, 2)).T
    value = float(np.polyfit(lengths, times, 1)[0]) if len(pairs) > 1 else None
    why = None if value is not None else "two lengths are needed for a fit"
    row = LatencyRow(metric=f"{stage}_exponent", value=value, unit="", n=len(pairs), state="cold", reason=why)
    return judged(row, f"≤ {EXPONENT_GOAL:g}", lambda found: found <= EXPONENT_GOAL)
