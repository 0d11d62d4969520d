"""`vaidya run` and `vaidya ui`: an experiment from its file, and where its runs are seen."""

from typing import Annotated, Any

import typer


def run(
    experiment: Annotated[str, typer.Argument(help="A file of experiments/, or its name.")],
    profile: Annotated[str | None, typer.Option(help="Another profile than the experiment's own.")] = None,
    override: Annotated[list[str] | None, typer.Option("--set", help="A setting of its suite; repeatable.")] = None,
) -> None:
    """Run an experiment: weights, suite, notebooks, report, all tracked in MLflow."""
    from rich.console import Console

    from vaidya.cli.evaluate import settings_of
    from vaidya.config import load_profile
    from vaidya.experiment import ensure_weights, experiment_path, load_experiment, run_experiment
    from vaidya.pipeline import fit_to_machine

    console = Console()
    found = load_experiment(experiment_path(experiment))
    found = found.model_copy(update={"overrides": {**found.overrides, **settings_of(override or [])}})
    console.print(f"[bold]{found.experiment}[/] on profile {profile or found.profile}: {found.description}")
    ensure_weights(fit_to_machine(load_profile(profile or found.profile).override(found.overrides)))
    _print(console, run_experiment(found, profile))


def _print(console: Any, result: Any) -> None:
    from vaidya.evaluation.table import rows_table
    from vaidya.tracking import ui_command

    if result.evaluation is not None:
        console.print(rows_table(result.evaluation.rows, f"{result.evaluation.suite} · run {result.evaluation.run_id}"))
        for line in result.evaluation.left_out:
            console.print(f"[dim]{line}[/]")
        console.print(f"report:    {result.evaluation.report}", soft_wrap=True)
        console.print(f"gate:      vaidya gate {result.evaluation.run_id}", soft_wrap=True)
    for path in result.notebooks:
        console.print(f"notebook:  {path}", soft_wrap=True)
    console.print(f"MLflow UI: {ui_command()}", soft_wrap=True)


def ui(port: Annotated[int, typer.Option(help="On loopback only.")] = 5000) -> None:
    """Print the command that shows every run in a browser on this machine."""
    from vaidya.tracking import ui_command

    print(ui_command(port))
