"""`vaidya metrics`: judge the metrics themselves, and let a language model judge notes."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Judge the metrics: agreement with people, and of a model with itself.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print only the numbers, as JSON.")]


@app.command()
def agreement(as_json: AsJson = False) -> None:
    """Rank correlation of each note metric with people's scores (MTS-Dialog's correlation study, about 399 notes)."""
    from vaidya.corpora.scores import mts_human_scores
    from vaidya.evaluation.note_agreement import FLOOR, metric_agreement

    found = metric_agreement(mts_human_scores())
    cells = [
        (
            *(row.metric, row.human, _number(row.correlation), f"{_number(row.low)} to {_number(row.high)}"),
            *(f"{row.n} of {row.dialogues}", "may gate" if row.may_gate else "report only"),
        )
        for row in found
    ]
    headings = ("metric", "human score", "Spearman", "95 % interval", "notes of dialogues", f"floor {FLOOR:g}")
    _print(headings, cells, [row.model_dump() for row in found], as_json=as_json)


@app.command()
def judge(  # noqa: PLR0913, PLR0917 - one argument a flag
    suite: Annotated[str, typer.Argument(help="A suite whose notes are judged; finished cases are not run again.")],
    profile: Annotated[str, typer.Option(help="The profile that wrote the notes.")] = "embedded",
    judge_profile: Annotated[str, typer.Option(help="The profile whose language model judges.")] = "embedded",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many cases a dataset.")] = 5,
    repeats: Annotated[int, typer.Option(min=2, help="How often each note is judged.")] = 3,
    temperature: Annotated[float, typer.Option(min=0, help="Of the judge; above 0, or repeats agree by nature.")] = 0.7,
    as_json: AsJson = False,
) -> None:
    """A language model scores notes from 1 to 5, several times; worth no more than its agreement with itself."""
    from vaidya.config import load_profile
    from vaidya.evaluation.note_judge import QUALITIES, judge_suite
    from vaidya.evaluation.suite import load_suite
    from vaidya.pipeline import fit_to_machine

    asked = fit_to_machine(load_profile(judge_profile).override({"llm.temperature": temperature}))
    judged = judge_suite(load_suite(suite), fit_to_machine(load_profile(profile)), asked, limit=limit, repeats=repeats)
    found = [_verdict(dataset, arm, quality, one) for (dataset, arm), one in judged.items() for quality in QUALITIES]
    cells = [
        (
            *(str(f[key]) for key in ("dataset", "arm", "quality")),
            *(_number(f["mean"]), f"{_number(f['low'])} to {_number(f['high'])}", _number(f["self_agreement"])),
            *(str(f["notes"]), f"{f['usable']}/{f['asked']}"),
        )
        for f in found
    ]
    headings = ("dataset", "arm", "quality", "mean of 1–5", "95 % interval", "Krippendorff α", "notes", "usable")
    _print(headings, cells, found, as_json=as_json)


@app.command()
def claims(
    report: Annotated[
        list[Path] | None, typer.Argument(help="Reports that `vaidya bench latency --json` printed.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Also write the ledger as a page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every figure that was promised beside what the newest tracked evaluations, and reports of the bench, measured."""
    from vaidya.bench.agree import read_report
    from vaidya.evaluation.claims import claims_ledger, of_bench
    from vaidya.evaluation.report.html import write_claims
    from vaidya.tracking.claims import latest_measured

    found = latest_measured()
    for path in report or ():
        found += of_bench(read_report(path), path.name)
    lines = claims_ledger(found)
    keys = ("text", "promised", "measured", "where")
    _print(
        ("claim", "promised", "measured", "where"),
        [tuple(line[key] for key in keys) for line in lines],
        lines,
        as_json=as_json,
    )
    if page is not None:
        write_claims(page, lines)


def _verdict(dataset: str, arm: str, quality: Any, judged: Any) -> dict[str, Any]:
    low, high = judged.interval(quality)
    return {
        "dataset": dataset,
        "arm": arm,
        "quality": quality,
        "mean": judged.mean(quality),
        "low": low,
        "high": high,
        "self_agreement": judged.self_agreement(quality),
        "notes": len(judged.verdicts),
        "usable": judged.usable,
        "asked": sum(len(repeats) for repeats in judged.verdicts),
    }


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}"


def _print(headings: tuple[str, ...], cells: Sequence[tuple[str, ...]], found: Any, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(*(Column(heading, overflow="fold") for heading in headings))
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)
