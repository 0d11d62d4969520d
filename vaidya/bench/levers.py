"""Levers: one change each, run in turn with what it changes (A B A B), and its ratio.

A lever names two ways of doing the same work. `lever_ratio` is the time without it over the time with it, so above 1 it
helps; `lever_likeness` is how like the two results are, for what changes the note is no lever of speed alone.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vaidya.bench.consultation import from_file, make_consultation
from vaidya.bench.latency import Job, Report, Say
from vaidya.bench.machine import environment, is_noisy
from vaidya.bench.rows import LatencyRow, ratio_row
from vaidya.bench.work import Bench, Done, Way, hearing, hearing_and_listening, keeping, loading, restoring, writing
from vaidya.errors import ConfigError, VaidyaError

Build = Callable[[Bench], contextlib.AbstractContextManager[Way]]


@dataclass(frozen=True, slots=True)
class Lever:
    """what: the change in words. without, with_it: the two ways; each is prepared once and run several times."""

    name: str
    what: str
    without: Build
    with_it: Build


def _lookup(kind: str) -> Build:
    return writing(options={"speculative": kind})


def _batch(tokens: int) -> Build:
    return writing(warm=False, options={"batch_tokens": tokens})


LEVERS: tuple[Lever, ...] = (
    Lever("batched-asr", "windows of speech decoded together, not one by one", hearing(batch_size=1), hearing()),
    Lever("greedy-asr", "greedy decoding, not a beam of 5", hearing(beam_size=5), hearing(beam_size=1)),
    Lever("int8-asr", "8-bit weights for speech, not 32-bit", hearing(compute_type="float32"), hearing()),
    Lever("asr-threads", "every core for speech, not one", hearing(threads=1), hearing()),
    Lever(
        "beside",
        "speech and other sounds at once, not in turn",
        hearing_and_listening(False),
        hearing_and_listening(True),
    ),
    Lever("loading", "models loaded at once, not in turn", loading(False), loading(True)),
    Lever(
        "warm-worker",
        "a process that keeps its models, not a new one (time until the words)",
        keeping(False),
        keeping(True),
    ),
    Lever("prefix-cache", "the prompt's fixed part is in the cache, not read again", writing(warm=False), writing()),
    Lever(
        "saved-prefix",
        "a new process restores the fixed part from disk, not by reading",
        restoring(False),
        restoring(True),
    ),
    Lever(
        "tier-first",
        "the tier at the reply's beginning, not its end (time until known)",
        writing(until_tier=True, tier_last=True),
        writing(until_tier=True),
    ),
    Lever("short-keys", "keys of one letter, not whole words", writing(long_keys=True), writing()),
    Lever("schema", "held to the schema, not free", writing(schema=False), writing()),
    Lever("prompt-lookup", "draft tokens looked up in the prompt (ngram-simple)", writing(), _lookup("ngram-simple")),
    Lever("prompt-lookup-mod", "draft tokens looked up in the prompt (ngram-mod)", writing(), _lookup("ngram-mod")),
    Lever("prompt-lookup-map", "draft tokens looked up in the prompt (ngram-map-k)", writing(), _lookup("ngram-map-k")),
    Lever("kv-8-bit", "cached keys and values of 8 bits, not 16", writing(), writing(cache_type="q8_0")),
    Lever("llm-threads", "every core for the language model, not one", writing(threads=1), writing()),
    Lever("repack", "weights laid out anew for the vector units", writing(options={"repack": False}), writing()),
    Lever(
        "flash-attention",
        "fused attention",
        writing(options={"flash_attention": "off"}),
        writing(options={"flash_attention": "on"}),
    ),
    Lever("small-batches", "prompts read 128 tokens at a time, not 512", _batch(512), _batch(128)),
    Lever("large-batches", "prompts read 2048 tokens at a time, not 512", _batch(512), _batch(2048)),
)


def lever_rows(lever: Lever, bench: Bench, repeat: int) -> list[LatencyRow]:
    """The lever's ratio, how much it writes, and how like the results are; or the reason why it has none."""
    arm = f"lever:{lever.name}"
    try:
        with lever.without(bench) as without, lever.with_it(bench) as with_it:
            pairs = [(_timed(without), _timed(with_it)) for _ in range(repeat)]
    except VaidyaError as error:
        reason = f"{error.code}: {error}"
        return [LatencyRow(metric="lever_ratio", value=None, unit="×", n=0, arm=arm, reason=reason)]
    slow, fast = zip(*pairs, strict=True)
    rows = [
        ratio_row("lever_ratio", [a.seconds for a in slow], [b.seconds for b in fast], arm),
        ratio_row("lever_cpu_ratio", [a.cpu_s for a in slow], [b.cpu_s for b in fast], arm),
    ]
    return [*rows, *_likeness(pairs, arm), *_lengths(pairs, arm)]


@dataclass(frozen=True, slots=True)
class _Timed:
    """cpu_s: of every thread; other processes' work disturbs it less than the wall clock."""

    seconds: float
    cpu_s: float
    done: Done


def _timed(way: Way) -> _Timed:
    way.ready()
    start, cpu = time.perf_counter(), time.process_time()
    done = way.work()
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    return _Timed(wall if done.seconds is None else done.seconds, used, done)


def _likeness(pairs: Sequence[tuple[_Timed, _Timed]], arm: str) -> list[LatencyRow]:
    """ROUGE-L F1 of what the two ways wrote; nothing when they write nothing."""
    without, with_it = pairs[-1][0].done.text, pairs[-1][1].done.text
    if not without or not with_it:
        return []
    from rouge_score.rouge_scorer import RougeScorer

    score = RougeScorer(["rougeL"], use_stemmer=False).score(without, with_it)["rougeL"].fmeasure
    return [LatencyRow(metric="lever_likeness", value=float(score), unit="ROUGE-L F1", arm=arm)]


def _lengths(pairs: Sequence[tuple[_Timed, _Timed]], arm: str) -> list[LatencyRow]:
    """Seconds a token, where tokens are written: a ratio that a shorter or longer reply does not move."""
    paced = [(a, b) for a, b in pairs if a.done.tokens and b.done.tokens]
    if not paced:
        return []
    ratios = [(a.seconds / a.done.tokens) / (b.seconds / b.done.tokens) for a, b in paced]
    return [
        LatencyRow(metric="lever_ratio_per_token", value=float(np.median(ratios)), unit="×", n=len(ratios), arm=arm)
    ]


def chosen(names: Sequence[str]) -> list[Lever]:
    """Levers by name, all without one.

    Raises:
        ConfigError: there is no such lever.
    """
    unknown = sorted(set(names) - {lever.name for lever in LEVERS})
    if unknown:
        raise ConfigError(f"no lever {', '.join(unknown)}; there are {', '.join(lever.name for lever in LEVERS)}")
    return [lever for lever in LEVERS if not names or lever.name in names]


def try_levers(job: Job, names: Sequence[str] = (), say: Say = lambda _: None) -> Report:
    """Measure levers on the job's configuration and consultation, `job.repeat` pairs each.

    Raises:
        ConfigError: there is no such lever. DataError: there is no recording to measure with.
    """
    wanted = chosen(names)
    found = environment()
    with tempfile.TemporaryDirectory(prefix="vaidya-bench-") as folder:
        consultation = from_file(job.audio) if job.audio else make_consultation(Path(folder), job.seconds)
        bench = Bench(job.config, consultation)
        report = Report(
            profile=job.config.profile,
            scenarios=("single",),
            environment=found,
            consultation={"seconds": consultation.duration_s, "pieces": list(consultation.pieces)},
            noisy=is_noisy(found),
        )
        for lever in wanted:
            say(f"{lever.name}: {lever.what}")
            report.rows += lever_rows(lever, bench, job.repeat)
    return report
