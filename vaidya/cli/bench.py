"""`vaidya bench`: how long it takes, and how near that is to what the machine allows."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Measure latency, throughput and cost; compare with peers; try levers.", no_args_is_help=True)

_FILE_WIDTH = 160
Profile = Annotated[str, typer.Option(help="Shipped profile, or a path to a YAML file.")]
Override = Annotated[list[str] | None, typer.Option("--set", help="A setting, as llm.threads=2; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print only the report, as JSON.")]


@app.command()
def latency(  # noqa: PLR0913, PLR0917 - one argument a flag
    profile: Profile = "embedded",
    scenario: Annotated[
        str, typer.Option(help="single, server, offline (MLPerf's names) or all; several by commas.")
    ] = "single",
    repeat: Annotated[int, typer.Option(min=1, help="Consultations an arm.")] = 5,
    peer: Annotated[list[str] | None, typer.Option(help="seed, faster-whisper, …, all, none; repeatable.")] = None,
    audio: Annotated[Path | None, typer.Option(help="A recording instead of the project's own.")] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="Length of the consultation joined from the project's own.")
    ] = 60,
    cold: Annotated[bool, typer.Option("--cold/--warm-only", help="Also measure a new process.")] = True,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """Time a consultation of a minute end to end and by stage, beside peers, against the machine's own limits."""
    from vaidya.bench.latency import Job, measure

    job = Job(
        config=_config(profile, override),
        scenarios=_scenarios(scenario),
        repeat=repeat,
        peers=_peers(peer),
        audio=audio,
        seconds=seconds,
        cold=cold,
    )
    report = _told(lambda say: measure(job, say), quiet=as_json)
    _print(report, as_json=as_json)


@app.command()
def levers(  # noqa: PLR0913, PLR0917 - one argument a flag
    name: Annotated[list[str] | None, typer.Argument(help="Levers to try; all without one.")] = None,
    profile: Profile = "embedded",
    repeat: Annotated[int, typer.Option(min=1, help="Pairs a lever.")] = 3,
    audio: Annotated[Path | None, typer.Option(help="A recording instead of the project's own.")] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="Length of the consultation joined from the project's own.")
    ] = 60,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """Try each lever for speed, with and without in turn, and print its ratio; above 1 it helps."""
    from vaidya.bench.latency import Job
    from vaidya.bench.levers import try_levers

    job = Job(config=_config(profile, override), repeat=repeat, audio=audio, seconds=seconds)
    report = _told(lambda say: try_levers(job, name or (), say), quiet=as_json)
    _print(report, as_json=as_json)


@app.command()
def growth(
    minutes: Annotated[list[float] | None, typer.Option(help="Lengths in minutes; repeatable.")] = None,
    profile: Profile = "embedded",
    audio: Annotated[Path | None, typer.Option(help="A recording instead of the project's own.")] = None,
    override: Override = None,
    as_json: AsJson = False,
) -> None:
    """Measure how time and memory grow with the recording's length; 60 minutes of speech take some minutes."""
    from vaidya.bench.growth import measure_growth
    from vaidya.bench.latency import Job

    job = Job(config=_config(profile, override), audio=audio)
    _print(_told(lambda say: measure_growth(job, minutes or (1.0, 2.0, 4.0), say), quiet=as_json), as_json=as_json)


@app.command()
def model(
    profile: Profile = "embedded",
    repeat: Annotated[int, typer.Option(min=1, help="Replies an engine.")] = 5,
    override: Override = None,
    against: Annotated[
        list[str] | None, typer.Option(help="A setting of a second engine, in turn with the first; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time the language model alone at a note's request, against its device's limits; with --against, two in turn."""
    from vaidya.bench.model import measure_model
    from vaidya.cli.evaluate import settings_of

    config = _config(profile, override)
    other = config.override(settings_of(against)) if against else None
    report = _told(lambda say: measure_model(config, other, repeat, say), quiet=as_json)
    _print(report, as_json=as_json)


@app.command()
def agree(
    first: Annotated[Path, typer.Argument(help="A report that `vaidya bench latency --json` printed.")],
    second: Annotated[Path, typer.Argument(help="Another, of the same profile on the same machine.")],
) -> None:
    """Compare two runs row by row; exits 1 when the intervals of any row lie apart."""
    from vaidya.bench.agree import disagreeing, pairs, read_report
    from vaidya.bench.table import agreement_table

    found = pairs(read_report(first), read_report(second))
    apart = disagreeing(found)
    judged = sum(pair.agrees is not None for pair in found)
    console = _console()
    console.print(agreement_table(found))
    console.print(f"{judged - len(apart)} of {judged} rows with intervals agree")
    raise typer.Exit(1 if apart else 0)


def _console() -> Any:
    """The terminal; a file or a pipe is as wide as the tables are."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH)


def _config(profile: str, override: list[str] | None) -> Any:
    from vaidya.cli.evaluate import settings_of
    from vaidya.config import load_profile
    from vaidya.pipeline import fit_to_machine

    return fit_to_machine(load_profile(profile).override(settings_of(override or [])))


def _scenarios(names: str) -> tuple[Any, ...]:
    from vaidya.errors import ConfigError

    every = ("single", "server", "offline")
    wanted = every if names == "all" else tuple(names.split(","))
    unknown = sorted(set(wanted) - set(every))
    if unknown:
        raise ConfigError(f"no scenario {', '.join(unknown)}; there are {', '.join(every)} and all")
    return wanted


def _peers(names: list[str] | None) -> tuple[str, ...]:
    from vaidya.bench.peers import PEERS
    from vaidya.errors import ConfigError

    wanted = tuple(names or ("seed",))
    if wanted == ("all",):
        return PEERS
    if wanted == ("none",):
        return ()
    unknown = sorted(set(wanted) - set(PEERS))
    if unknown:
        raise ConfigError(f"no peer {', '.join(unknown)}; there are {', '.join(PEERS)}, all and none")
    return wanted


def _told(work: Any, *, quiet: bool) -> Any:
    """Run and say on stderr what is being done: one line that changes on a terminal, a line each in a log."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        return work(console.print)
    with console.status("starting …") as status:
        return work(lambda what: status.update(f"{what} …"))


def _print(report: Any, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False) + "\n")
        return
    from vaidya.bench.table import report_table, warnings

    console = _console()
    console.print(report_table(report))
    for line in warnings(report):
        console.print(f"[yellow]{line}[/]")
