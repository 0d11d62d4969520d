"""`vaidya data list|pull`: which evaluation data there is, whose it is, and how to get it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(help="Public evaluation data: what there is, fetch it.", no_args_is_help=True)

STYLES = {"here": "green", "to pull": "yellow", "by hand": "yellow", "unset": "yellow"}


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print only JSON.")] = False) -> None:
    """Show every data set: what it is, its licence, its size, and whether it is here."""
    from vaidya.corpora.origins import holdings

    rows = holdings()
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for row in rows:
        size = "" if row.size_mb is None else f"{row.size_mb:,.4g} MB"
        console.print(f"[bold]{row.name:<22}[/][{STYLES[row.state]}]{row.state:<10}[/]{size:>10}")
        console.print(f"  {escape(row.about)} [dim]{escape(row.licence)}[/]", soft_wrap=True)
        if row.todo:
            console.print(f"  → {escape(row.todo)}", soft_wrap=True)


@app.command()
def pull(names: Annotated[list[str], typer.Argument(help="Names of data sets.")]) -> None:
    """Fetch sets from their origins into VAIDYA_DATA; what is here already is checked and not fetched again."""
    from vaidya.corpora.origins import pull as pull_one

    for name in names:
        typer.echo(f"{name}: {pull_one(name)}")
