"""What the machine is, and what it was doing while it was measured."""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from vaidya import provenance
from vaidya.bench import bandwidth

BUSY_LOAD = 0.25  # processes waiting per core before the run, above which its times are marked noisy
SAMPLE_S = 0.05
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_ENERGY = Path("/sys/class/powercap")


@dataclass(frozen=True, slots=True)
class Limits:
    """Measured in this run. GB/s are 1e9 bytes a second, Gflop/s 1e9 operations a second."""

    read_gb_s: float
    triad_gb_s: float
    matmul_gflop_s: float

    @property
    def memory_gb_s(self) -> float:
        """The better of the two bandwidths: the stricter limit to be held to."""
        return max(self.read_gb_s, self.triad_gb_s)

    def best(self, other: "Limits") -> "Limits":
        """The better of two measurements: a disturbed one can only be too low."""
        return Limits(
            max(self.read_gb_s, other.read_gb_s),
            max(self.triad_gb_s, other.triad_gb_s),
            max(self.matmul_gflop_s, other.matmul_gflop_s),
        )


def measure_limits() -> Limits:
    """Two seconds of work on every core."""
    return Limits(bandwidth.read_gb_s(), bandwidth.triad_gb_s(), bandwidth.matmul_gflop_s())


def environment() -> dict[str, Any]:
    """Everything beside the code that explains a time."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else (0.0, 0.0, 0.0)
    commit, dirty = provenance.git_state()
    return {
        "hardware": provenance.hardware().model_dump(mode="json"),
        "governor": _GOVERNOR.read_text(encoding="utf-8").strip() if _GOVERNOR.is_file() else None,
        "load_before": [round(value, 2) for value in load],
        "busy_before": round(_others_share(), 3),
        "memory_available_gb": round(psutil.virtual_memory().available / 1024**3, 1),
        "threads": {key: value for key, value in os.environ.items() if key.endswith("_NUM_THREADS")},
        "libraries": provenance.libraries(),
        "vaidya": provenance.version(),
        "git_commit": commit,
        "dirty": dirty,
        "at": provenance.now(),
    }


def _others_share(seconds: float = 0.5) -> float:
    """Share of all cores that other processes take just now."""
    return psutil.cpu_percent(interval=seconds) / 100


def is_noisy(found: dict[str, Any]) -> bool:
    """Whether the machine had other work before the run."""
    return bool(found["busy_before"] > BUSY_LOAD or found["load_before"][0] > BUSY_LOAD * bandwidth.cores() * 2)


@dataclass(slots=True)
class Usage:
    """What a piece of work took, its children included.

    energy_j: of the whole processor package; None where the machine does not tell.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_gb: float = 0.0
    energy_j: float | None = None


@contextlib.contextmanager
def measured() -> Iterator[Usage]:
    """Measure the block; the result is complete once it has ended."""
    found = Usage()
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(found, done), daemon=True, name="vaidya-bench-memory")
    energy, cpu, start = _energy_uj(), _cpu_s(), time.perf_counter()
    watch.start()
    try:
        yield found
    finally:
        found.wall_s = time.perf_counter() - start
        found.cpu_s = _cpu_s() - cpu
        done.set()
        watch.join()
        found.energy_j = _spent_j(energy, _energy_uj())


def _watch(found: Usage, done: threading.Event) -> None:
    """Sample resident memory, this process and its children together."""
    me = psutil.Process()
    while True:
        found.peak_memory_gb = max(found.peak_memory_gb, _resident(me) / 1e9)
        if done.wait(SAMPLE_S):
            return


def _resident(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += one.memory_info().rss
    return total


def _cpu_s() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def _energy_uj() -> tuple[int, int] | None:
    """Energy counter of the first processor package, and where it wraps; None without the right to read it."""
    counter = _ENERGY / "intel-rapl:0"
    try:
        return int((counter / "energy_uj").read_text()), int((counter / "max_energy_range_uj").read_text())
    except (OSError, ValueError):
        return None


def _spent_j(before: tuple[int, int] | None, after: tuple[int, int] | None) -> float | None:
    if before is None or after is None:
        return None
    spent = after[0] - before[0]
    return (spent if spent >= 0 else spent + after[1]) / 1e6
