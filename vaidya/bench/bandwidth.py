"""The machine's own limits, measured in the same run: memory bandwidth and matrix throughput.

Bandwidth after STREAM (McCalpin, 1995): arrays far larger than any cache, best of several passes, one thread a core.
`triad` is STREAM's third kernel; `read` scans memory without writing, which is what decoding does with the weights.
"""

import ctypes
import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

ARRAY_BYTES = 128 * 1024 * 1024  # each; four times the largest L3 share of the machines that we know
CHUNK = 16 * 1024  # elements: a temporary of this size stays in L2
PASSES = 5
MATRIX = 1536  # side of the square matrices, float32


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_gb_s(threads: int | None = None, size: int = ARRAY_BYTES) -> float:
    """Bytes read per second, in GB/s (1e9): the C library's memchr looks for a byte that is not there."""
    libc = ctypes.CDLL(None)
    libc.memchr.restype = ctypes.c_void_p
    libc.memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    data = np.zeros(size, dtype=np.uint8)
    data[:] = 1  # pages of untouched zeros would all be the same page

    def scan(part: np.ndarray) -> None:
        libc.memchr(part.ctypes.data, 2, part.nbytes)

    return size / _best(lambda part: scan(data[part]), size, threads) / 1e9


def triad_gb_s(threads: int | None = None, size: int = ARRAY_BYTES) -> float:
    """STREAM triad a = b + s·c, in GB/s; three arrays are counted, as STREAM does, not the line read before a write."""
    count = size // 8
    a, b, c = (np.ones(count) for _ in range(3))

    def triad(part: slice) -> None:
        scaled = np.empty(CHUNK)
        for start in range(part.start, part.stop, CHUNK):
            stop = min(start + CHUNK, part.stop)
            np.multiply(c[start:stop], 3.0, out=scaled[: stop - start])
            np.add(b[start:stop], scaled[: stop - start], out=a[start:stop])

    return 3 * size / _best(triad, count, threads) / 1e9


def matmul_gflop_s(side: int = MATRIX) -> float:
    """float32 matrix products of numpy's BLAS on all cores, in 1e9 operations a second."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((side, side), dtype=np.float32) for _ in range(2))
    out = np.empty_like(a)
    return 2 * side**3 / min(_seconds(lambda: np.matmul(a, b, out=out)) for _ in range(PASSES)) / 1e9


def _best(kernel: Callable[[slice], None], count: int, threads: int | None) -> float:
    """Seconds of the fastest pass over `count` elements, shared out among threads."""
    workers = threads or cores()
    parts = list(_shares(count, workers))
    with ThreadPoolExecutor(workers) as pool:
        return min(_seconds(lambda: list(pool.map(kernel, parts))) for _ in range(PASSES + 1))


def _shares(count: int, workers: int) -> Iterator[slice]:
    edges = np.linspace(0, count, workers + 1).astype(int).tolist()
    yield from (slice(start, stop) for start, stop in itertools.pairwise(edges))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
