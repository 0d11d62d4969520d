"""An evaluation as a tracked run: the parent is the suite, each arm a nested run.

Kept with the run: every row and every case result as JSON lines (what the gate and a comparison read back), the
figures, and the report. Patient words are only in the report, and only for synthetic or published cases.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vaidya.config import RunConfig
from vaidya.errors import ConfigError, DataError
from vaidya.evaluation.acoustic_table import Listened, listen_to_suite, listened_cases
from vaidya.evaluation.attribution import TierFlips, fact_paths, tier_flips
from vaidya.evaluation.claims import claims_ledger, of_rows
from vaidya.evaluation.compare import CaseResult
from vaidya.evaluation.kept import case_digest
from vaidya.evaluation.report.figures import suite_figures
from vaidya.evaluation.report.html import write_report
from vaidya.evaluation.results import case_results
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.run import ArmOutcomes, OnCase, jobs, run_suite
from vaidya.evaluation.score import score_suite
from vaidya.evaluation.selection import left_out, missing
from vaidya.evaluation.suite import Suite
from vaidya.settings import repository_root
from vaidya.tracking import Run, tracker
from vaidya.tracking.base import MAX_METRICS, Span
from vaidya.tracking.tags import standard_tags

MAX_TRACES = 30  # enough to see where time goes; every case's times are in the report
ROWS, CASES = "evaluation/rows.jsonl", "evaluation/cases.jsonl"


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an evaluation gave and where it is kept.

    left_out: what was not judged, a line each. missing: datasets that are not on this machine, with the reason.
    """

    suite: str
    run_id: str
    rows: tuple[Row, ...]
    cases: tuple[CaseResult, ...]
    runs: tuple[ArmOutcomes, ...]
    report: Path
    left_out: tuple[str, ...]
    missing: Mapping[str, str]
    listened: tuple[Listened, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """What a finished evaluation left in its run. sha256: of the files that hold it, names and contents."""

    run_id: str
    rows: tuple[Row, ...]
    cases: tuple[CaseResult, ...]
    sha256: str


def run_and_track(
    suite: Suite,
    config: RunConfig,
    *,
    limit: int | None = None,
    engine: str = "local",
    quiet: bool = False,
    store: str = "mlflow",
) -> EvaluationResult:
    """Run a suite, log it, write its report.

    quiet: no progress bar. store: `mlflow`, or `jsonl` for tests.

    Raises:
        ConfigError, DataError, WeightsError: the suite cannot be run; the run is marked FAILED.
    """
    if engine not in ("local", "ray"):
        raise ConfigError(f"engine {engine!r} is not one of local, ray")
    with tracker(store).run(f"eval {suite.suite}", experiment="evaluation") as run:
        return evaluate_in(run, suite, config, limit=limit, engine=engine, quiet=quiet)


def evaluate_in(
    run: Run, suite: Suite, config: RunConfig, *, limit: int | None = None, engine: str = "local", quiet: bool = False
) -> EvaluationResult:
    """Run a suite inside a run that is open."""
    planned = jobs(suite, config, limit)
    heard = listened_cases(suite, limit)
    cases = {case.id: case for job in planned for case in job.cases} | {case.id: case for case in heard}
    digest = hashlib.sha256("".join(case_digest(c) for c in cases.values()).encode()).hexdigest()[:16]
    run.tags(standard_tags(config, data_digest=digest, seed=suite.seed))
    run.params({"suite": suite.suite, "profile": config.profile, "limit": limit, "engine": engine})
    with _progress(sum(len(job.cases) for job in planned) + len(heard), quiet=quiet) as on_case:
        runs = tuple(run_suite(suite, config, limit=limit, engine=engine, on_case=on_case))
        listened = listen_to_suite(suite, config, limit, on_case)
    rows = (*score_suite(suite, runs), *(row for one in listened for row in one.rows))
    result = EvaluationResult(
        suite=suite.suite,
        run_id=run.run_id,
        rows=rows,
        cases=tuple(case_results(runs)),
        runs=runs,
        report=report_path(suite, run.run_id),
        left_out=left_out(suite, limit),
        missing=missing(suite),
        listened=listened,
    )
    _log(run, suite, config, result)
    return result


def report_path(suite: Suite, run_id: str) -> Path:
    """Where a report is kept beside its run."""
    return repository_root() / "experiments" / "runs" / "reports" / f"{suite.suite}-{run_id[:8]}.html"


def _log(run: Run, suite: Suite, config: RunConfig, result: EvaluationResult) -> None:
    run.metrics(_headline(result.rows))
    run.table("rows", [row.model_dump(mode="json") for row in result.rows], public=True)
    run.table("cases", [_flat(case) for case in result.cases])
    _log_details(run, suite, result)
    _log_datasets(run, result.runs)
    _log_traces(run, result.runs)
    for arm in sorted({row.arm for row in result.rows}):
        with run.nested(arm) as nested:
            nested.metrics(_named([row for row in result.rows if row.arm == arm and row.cohort == ALL]))
    figures = suite_figures(result.runs, result.rows, result.listened)
    for name, figure in figures.items():
        run.figure(_slug(name), figure)
    write_report(
        result.report,
        suite=suite,
        config=config,
        runs=result.runs,
        rows=result.rows,
        run_id=result.run_id,
        figures=figures,
        claims=claims_ledger(of_rows(result.rows, config.profile, result.run_id)),
        listened=result.listened,
        left_out=result.left_out,
    )
    _log_lines(run, config, result)
    run.artifact(result.report, "report")


def _log_details(run: Run, suite: Suite, result: EvaluationResult) -> None:
    """Where facts and tiers were lost, and what each clip was taken for: ids and codes, the words are in the report."""
    asked = "attribution" in suite.scorers
    tables: dict[str, list[dict[str, Any]]] = {
        "facts": [row for arm in result.runs for row in _fact_rows(arm)] if asked else [],
        "tiers": [row for flips in tier_flips(result.runs) for row in _tier_rows(flips)] if asked else [],
        "clips": [row for one in result.listened for row in _clip_rows(one)],
    }
    for name, rows in tables.items():
        if rows:
            run.table(name, rows, public=True)


def _fact_rows(arm: ArmOutcomes) -> Iterator[dict[str, Any]]:
    for outcome in (outcome for outcome in arm.outcomes if outcome.record is not None):
        assert outcome.record is not None
        place = {"dataset": arm.dataset.name, "arm": arm.arm, "case": outcome.case.id}
        for path in fact_paths(outcome.case, outcome.record):
            yield place | {"fact": path.number, "lost_in": path.lost_in}


def _tier_rows(flips: TierFlips) -> Iterator[dict[str, Any]]:
    for arm, tier in flips.tiers.items():
        place = {"dataset": flips.dataset, "case": flips.case_id, "arm": arm}
        yield place | {"tier": tier.value, "flips": arm in flips.flipped_by}


def _clip_rows(one: Listened) -> Iterator[dict[str, Any]]:
    for clip in one.clips:
        place = {"dataset": one.dataset, "case": clip.case_id, "label": clip.reference}
        yield place | {"decided": clip.decided, "rate": clip.rate, "reason": clip.reason}


def _log_lines(run: Run, config: RunConfig, result: EvaluationResult) -> None:
    folder = result.report.parent / result.run_id[:8]
    folder.mkdir(parents=True, exist_ok=True)
    lines: Mapping[str, Sequence[Row | CaseResult]] = {ROWS: result.rows, CASES: result.cases}
    for name, items in lines.items():
        path = folder / Path(name).name
        path.write_text("".join(item.model_dump_json() + "\n" for item in items), encoding="utf-8")
        run.artifact(path, "evaluation")
    path = folder / "config.json"
    path.write_text(config.model_dump_json(), encoding="utf-8")
    run.artifact(path, "evaluation")


def _log_datasets(run: Run, runs: Sequence[ArmOutcomes]) -> None:
    for arm in runs:
        if arm.arm == PIPELINE_ARM and arm.outcomes:
            digests = [case_digest(outcome.case) for outcome in arm.outcomes]
            rows = [{"case": o.case.id, "digest": d} for o, d in zip(arm.outcomes, digests, strict=True)]
            digest = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
            run.dataset(arm.dataset.name, rows, source=arm.dataset.name, digest=digest)


def _log_traces(run: Run, runs: Sequence[ArmOutcomes]) -> None:
    """The first consultations of the pipeline's own arm as traces: what took how long, stage by stage."""
    own = (outcome for arm in runs if arm.arm == PIPELINE_ARM for outcome in arm.outcomes)
    for outcome in islice((outcome for outcome in own if outcome.record), MAX_TRACES):
        record = outcome.record
        assert record is not None
        attributes = {
            "tier": record.decision.tier.value,
            "transcript": record.transcript.state.value,
            "note": record.note.state.value,
            "needs_human": record.decision.needs_human,
            **record.tokens,
        }
        run.trace(outcome.case.id, spans_of(record.timings), attributes)


def spans_of(timings: Mapping[str, float]) -> list[Span]:
    """Stages on a time line from their durations: words and sounds side by side after the audio, the rest in turn."""
    spans, at = [], 0.0
    for together in (("audio",), ("transcript", "acoustic"), ("note",), ("triage",)):
        lengths = {stage: timings[stage] for stage in together if stage in timings}
        spans += [Span(stage, at, at + length) for stage, length in lengths.items()]
        at += max(lengths.values(), default=0.0)
    return spans


def _headline(rows: Sequence[Row]) -> dict[str, float | None]:
    """The pipeline's own numbers over all cases, as many as one run may hold; the rest stand in the table."""
    return _named([row for row in rows if row.arm == PIPELINE_ARM and row.cohort == ALL])


def _named(rows: Sequence[Row]) -> dict[str, float | None]:
    several = len({row.dataset for row in rows}) > 1
    named = {_slug(f"{row.dataset}.{row.metric}" if several else row.metric): row.value for row in rows}
    return dict(list(named.items())[:MAX_METRICS])


def _flat(case: CaseResult) -> dict[str, Any]:
    data = case.model_dump(mode="json", exclude={"rates"})
    return data | {name: errors / total if total else None for name, (errors, total) in case.rates.items()}


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-/" else "_" for c in name)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[OnCase]:
    from tqdm import tqdm

    # A log file gets a line now and then; a terminal a moving bar.
    every_s = 0.2 if sys.stderr.isatty() else 15.0
    with tqdm(
        total=total, unit="case", disable=quiet, dynamic_ncols=True, mininterval=every_s, maxinterval=every_s
    ) as bar:

        def on_case(dataset: str, arm: str, _case: object) -> None:
            bar.set_description(f"{dataset} · {arm}", refresh=False)
            bar.update()

        yield on_case


def stored_evaluation(run_id: str) -> StoredEvaluation:
    """The rows and case results of a finished evaluation.

    Raises:
        DataError: there is no such run, or it is not an evaluation.
    """
    from vaidya.tracking.mlflow import client, connect

    connect()
    try:
        folder = Path(client().download_artifacts(run_id, "evaluation"))
    except Exception as error:
        raise DataError(
            f"run {run_id!r} holds no evaluation; `vaidya eval SUITE` makes one and prints its id"
        ) from error
    rows = tuple(Row.model_validate_json(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines())
    cases = (folder / "cases.jsonl").read_text("utf-8").splitlines()
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    results = tuple(CaseResult.model_validate_json(line) for line in cases)
    return StoredEvaluation(run_id, rows, results, digest.hexdigest())
