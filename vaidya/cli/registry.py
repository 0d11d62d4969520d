"""`vaidya register`, `promote`, `rollback` and `audit`: from a judged run to what a deployer may take."""

import json
import sys
from typing import Annotated, Any

import typer

ModelName = Annotated[str, typer.Option("--name", help="The registered model.")]


def register(
    run: Annotated[str, typer.Argument(help="An evaluation's run id, as `vaidya eval` prints it.")],
    name: ModelName = "vaidya",
    embed: Annotated[bool, typer.Option("--embed-weights", help="Carry the weights inside; else they are pinned.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print only the version, as JSON.")] = False,
) -> None:
    """Register what a run judged, with its card and a manifest of every file; `challenger` points to it."""
    from vaidya.registry.register import register as do

    with _waiting("registering …", quiet=as_json):
        made = do(run, name=name, embed=embed)
    _show(
        {"uri": made.uri, "version": made.number, "aliases": list(made.aliases), "tags": made.tags},
        f"{made.uri} is registered; next: vaidya promote {made.number}",
        as_json=as_json,
    )


def promote(  # noqa: PLR0913, PLR0917 - one argument a flag
    version: Annotated[str, typer.Argument(help="A version number, or models:/NAME/VERSION or models:/NAME@ALIAS.")],
    alias: Annotated[str, typer.Option(help="The alias to point; only `champion` passes through the gate.")] = (
        "champion"
    ),
    gate: Annotated[str, typer.Option(help="A gate of eval/gates.")] = "champion",
    override: Annotated[bool, typer.Option("--override", help="Promote although the gate refuses; for good.")] = False,
    by: Annotated[str, typer.Option(help="Who takes the responsibility.")] = "",
    because: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print only the decision, as JSON.")] = False,
) -> None:
    """Verify the files, run the gate, point the alias; exit code 3 with reasons when the gate refuses."""
    from vaidya.registry.promote import Override
    from vaidya.registry.promote import promote as do

    taken = Override(by, because) if override else None
    with _waiting("verifying and judging …", quiet=as_json):
        made = do(version, to=alias, gate=gate, override=taken)
    _show(made.model_dump(mode="json"), f"{alias} now points to version {made.version}", as_json=as_json)


def rollback(
    name: ModelName = "vaidya",
    as_json: Annotated[bool, typer.Option("--json", help="Print only the decision, as JSON.")] = False,
) -> None:
    """Point `champion` back to the version that was champion before."""
    from vaidya.registry.promote import rollback as do

    made = do(name)
    _show(made.model_dump(mode="json"), f"champion is version {made.version} again", as_json=as_json)


def audit(
    name: ModelName = "vaidya",
    mend: Annotated[
        bool, typer.Option("--repair", help="First point every alias where the decisions point it; recorded.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the findings, as JSON.")] = False,
) -> None:
    """Aliases, versions, evaluations and files that no decision explains; exit code 1 when there is one."""
    from dataclasses import asdict

    from vaidya.registry.audit import audit as do
    from vaidya.registry.audit import repair

    if mend and (done := repair(name)):
        sys.stderr.write(f"repaired: {done.because}\n")
    with _waiting("verifying every version …", quiet=as_json):
        found = do(name)
    lines = [f"{'WRONG' if finding.wrong else 'note '} {finding.kind}: {finding.what}" for finding in found]
    _show([asdict(finding) for finding in found], "\n".join(lines) or "clean", as_json=as_json)
    if any(finding.wrong for finding in found):
        raise typer.Exit(1)


def _waiting(what: str, *, quiet: bool) -> Any:
    from rich.console import Console

    return Console(stderr=True, quiet=quiet).status(what)


def _show(values: Any, line: str, *, as_json: bool) -> None:
    sys.stdout.write((json.dumps(values, ensure_ascii=False) if as_json else line) + "\n")
