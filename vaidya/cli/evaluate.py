"""`vaidya eval`, `vaidya gate` and `vaidya compare`: judge a version, decide, set two side by side."""

import json
import sys
from typing import Annotated, Any

import typer


def evaluate(  # noqa: PLR0913, PLR0917 - one argument a flag
    suite: Annotated[str, typer.Argument(help="A suite of eval/suites, or a path to a YAML file.")],
    profile: Annotated[str, typer.Option(help="Shipped profile, or a path to a YAML file.")] = "embedded",
    baseline: Annotated[list[str] | None, typer.Option(help="Baselines beside the pipeline; repeatable.")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Only these datasets of the suite; repeatable.")] = None,
    arm: Annotated[list[str] | None, typer.Option(help="Only these arms of the suite; repeatable.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many cases a dataset, in place of the suite's own limits.")
    ] = None,
    override: Annotated[list[str] | None, typer.Option("--set", help="A setting, as llm.max_tokens=512.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray for several processes or machines.")] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print only rows and what was left out, as JSON.")] = False,
) -> None:
    """Run a suite over records and references, log it to MLflow, print a table in which every number has n."""
    from vaidya.config import load_profile
    from vaidya.evaluation.suite import load_suite
    from vaidya.pipeline import fit_to_machine
    from vaidya.tracking.evaluation import run_and_track

    chosen = load_suite(suite).only(tuple(dataset or ()), tuple(arm or ()))
    if baseline is not None:
        chosen = chosen.beside(tuple(baseline))
    config = fit_to_machine(load_profile(profile).override(settings_of(override or [])))
    result = run_and_track(chosen, config, limit=limit, engine=engine, quiet=as_json)
    if as_json:
        rows = [row.model_dump(mode="json") for row in result.rows]
        told = {"run_id": result.run_id, "rows": rows, "left_out": result.left_out, "missing": result.missing}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    _print_result(result)


def settings_of(pairs: list[str]) -> dict[str, Any]:
    """Settings written as name=value, the value in YAML.

    Raises:
        ConfigError: one is not written so.
    """
    import yaml

    from vaidya.errors import ConfigError

    for pair in pairs:
        if "=" not in pair:
            raise ConfigError(f"--set {pair!r}: write a setting as name=value, for example llm.max_tokens=512")
    return {name: yaml.safe_load(value) for name, _, value in (pair.partition("=") for pair in pairs)}


def _print_result(result: Any) -> None:
    from rich.console import Console

    from vaidya.evaluation.table import rows_table
    from vaidya.tracking import ui_command

    console = Console()
    console.print(rows_table(result.rows, f"{result.suite} · run {result.run_id}"))
    for line in result.left_out:
        console.print(f"[dim]{line}[/]")
    console.print(f"report: {result.report}", soft_wrap=True)
    console.print(f"runs:   {ui_command()}", soft_wrap=True)


def gate(
    run: Annotated[str, typer.Argument(help="An evaluation's run id.")],
    name: Annotated[str, typer.Option("--gate", help="A gate of eval/gates.")] = "champion",
    against: Annotated[str | None, typer.Option(help="A registered alias (champion) or a run id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the decision, as JSON.")] = False,
) -> None:
    """Decide whether a run passes; exit code 3 with each number, bound and n when it does not."""
    from vaidya.errors import GateRefusedError
    from vaidya.evaluation.gate import check_gate, load_gate
    from vaidya.tracking.evaluation import stored_evaluation

    ours = stored_evaluation(run)
    theirs = stored_evaluation(_run_of(against)) if against else None
    decision = check_gate(load_gate(name), ours.rows, ours.cases, theirs.cases if theirs else None)
    if as_json:
        sys.stdout.write(decision.model_dump_json() + "\n")
    else:
        _print_decision(decision)
    if not decision.passed:
        raise GateRefusedError(
            f"gate {decision.gate!r}: {len(decision.failures)} of {len(decision.results)} checks failed"
        )


def _run_of(name: str) -> str:
    """The evaluation run of a registered alias, or the run id itself."""
    from vaidya.registry import evaluation_run_of

    return evaluation_run_of(name) or name


def _print_decision(decision: Any) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from vaidya.evaluation.table import number

    table = Table(title=f"gate {decision.gate}", title_justify="left", header_style="bold")
    for heading in ("", "check", "value", "bound", "limit", "n"):
        table.add_column(heading, justify="left" if heading in ("", "check") else "right", overflow="fold")
    for result in decision.results:
        mark = "[green]pass[/]" if result.passed else "[red]FAIL[/]"
        numbers = (number(result.value), number(result.bound), number(result.threshold), str(result.n))
        table.add_row(mark, escape(_name(result)), *numbers)
    console = Console()
    console.print(table)
    for result in decision.failures:
        console.print(
            f"[red]{escape(_name(result))}[/]: {result.failure}\n  why it is asked: {result.reason}", highlight=False
        )


def _name(result: Any) -> str:
    from vaidya.evaluation.rows import ALL

    cohort = "" if result.cohort == ALL else f" [{result.cohort}]"
    return f"{result.dataset}.{result.metric}{cohort}"


def compare(
    ours: Annotated[str, typer.Argument(help="An evaluation's run id.")],
    theirs: Annotated[str, typer.Argument(help="The run id to compare with.")],
    margin: Annotated[float, typer.Option(help="How much worse still counts as not worse.")] = 0.05,
) -> None:
    """Two runs on the same cases: differences with one-sided 95 % bounds, McNemar for the tiers."""
    from rich.console import Console

    from vaidya.evaluation.compare import comparison_table
    from vaidya.tracking.evaluation import stored_evaluation

    Console().print(comparison_table(stored_evaluation(ours).cases, stored_evaluation(theirs).cases, margin))
