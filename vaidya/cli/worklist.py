"""`vaidya worklist`: who is seen next, from the records that `vaidya triage --save` keeps."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def worklist(
    folder: Annotated[Path, typer.Argument(help="The folder given to `vaidya triage --save`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print only the records, one a line, in that order.")] = False,
) -> None:
    """Show the records of a folder: the most severe first, within a tier whoever has waited longest."""
    from vaidya.record.store import RecordStore

    records = RecordStore(folder).worklist()
    if as_json:
        sys.stdout.writelines(record.model_dump_json() + "\n" for record in records)
        return
    from rich.console import Console
    from rich.text import Text

    from vaidya.record import view
    from vaidya.record.page import STYLES

    console = Console()
    for record in records:
        decision = record.decision
        line = Text(decision.tier.value, style=STYLES[decision.tier.colour])
        line.append(f"  {record.record_id}  {record.provenance.created_at}  ", style="default")
        line.append(f"{view.patient(record)}; {view.waiting(decision.tier)}", style="default")
        console.print(line.append("; a person must look" if decision.needs_human else "", style="bold"), soft_wrap=True)
    if not records:
        console.print(f"no record in {folder}")
