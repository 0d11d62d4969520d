"""`vaidya serve`, `rehearse` and `deploy …`: what was registered, running."""

import json
import sys
from typing import Annotated, Any

import typer

app = typer.Typer(help="A registered version on SageMaker, and what becomes of it.", no_args_is_help=True)

Endpoint = Annotated[str, typer.Option(help="The endpoint's name.")]
Region = Annotated[str | None, typer.Option(help="AWS region; else VAIDYA_SAGEMAKER_REGION.")]
CHAMPION = "models:/vaidya@champion"


def serve(
    model: Annotated[
        str, typer.Option(help="models:/NAME@ALIAS, models:/NAME/VERSION, or a model's folder.")
    ] = CHAMPION,
    host: Annotated[str, typer.Option(help="127.0.0.1 answers this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8080,
    manifest: Annotated[
        str | None, typer.Option(help="For a folder: sha256 of the manifest that it must have.")
    ] = None,
) -> None:
    """Serve a registered version here: the same server that the container runs, the same code that was judged."""
    from vaidya.deploy.launch import serve as do

    do(model, host, port, manifest)


def rehearse(
    endpoint: Annotated[str, typer.Argument(help="http://… of a server, or the name of a SageMaker endpoint.")],
    model: Annotated[str, typer.Option(help="The version that should be running.")] = CHAMPION,
    region: Region = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the report, as JSON.")] = False,
) -> None:
    """Ask a live endpoint the registered cases, and compare; exit code 1 when an answer differs."""
    from dataclasses import asdict

    from vaidya.deploy.rehearse import rehearse as do

    registered, config = registered_cases(model)
    report = do(_ask(endpoint, region), registered, config.price)
    if as_json:
        sys.stdout.write(json.dumps({"same": report.same, **asdict(report)}) + "\n")
    else:
        _print_report(report)
    if not report.same:
        raise typer.Exit(1)


def registered_cases(model: str) -> tuple[Any, Any]:
    """The rehearsal cases and the configuration of a registered version."""
    from vaidya.registry.fingerprint import FINGERPRINT, parse
    from vaidya.registry.model import DATA, read_config
    from vaidya.registry.store import downloaded, version

    with downloaded(version(model)) as folder:
        return parse((folder / DATA / FINGERPRINT).read_text(encoding="utf-8")), read_config(folder / DATA)


def _ask(endpoint: str, region: str | None) -> Any:
    from vaidya.deploy.rehearse import ask_http

    if endpoint.startswith(("http://", "https://")):
        return ask_http(endpoint)
    where = _target(endpoint=endpoint, region=region)
    return _asker(endpoint, where)


def _asker(endpoint: str, where: Any) -> Any:
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.client import endpoints_of, invoke

    aws = connect(where.region)
    roads = endpoints_of(endpoint, where.bucket, where.prefix, aws)
    return lambda request: invoke(request, roads, aws)


def _target(**given: str | None) -> Any:
    from vaidya.deploy.sagemaker.target import target

    return target(**given)


def _print_report(report: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="rehearsal", title_justify="left", header_style="bold")
    for heading in ("case", "tier", "registered", "differs in", "seconds"):
        table.add_column(heading)
    for case in report.replayed:
        differs = ", ".join(case.differs) or "nothing"
        table.add_row(case.case_id, case.tier, case.expected_tier, differs, f"{case.seconds:.2f}")
    console = Console()
    console.print(table)
    cost = report.cost_per_consultation
    price = "no hourly price" if cost is None else f"{cost:.4f} USD a consultation, one at a time"
    console.print(
        f"median {report.median_s:.2f} s, slowest {report.slowest_s:.2f} s, n={len(report.replayed)}; {price}"
    )


@app.command()
def sagemaker(
    model: Annotated[str, typer.Option(help="The version to deploy.")] = CHAMPION,
    endpoint: Endpoint = "vaidya",
    instance: Annotated[str | None, typer.Option(help="Instance type; else the profile's.")] = None,
    asynchronous: Annotated[bool | None, typer.Option("--async/--realtime", help="Else the profile's.")] = None,
    region: Region = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every request and policy; ask AWS nothing.")
    ] = False,
) -> None:
    """Upload, create or update, wait, ask a held case, set the scaling; on failure take everything back."""
    from vaidya.deploy.sagemaker.iam import policies
    from vaidya.deploy.sagemaker.plan import make_plan
    from vaidya.provenance import stamp
    from vaidya.registry.fingerprint import FINGERPRINT, parse
    from vaidya.registry.model import DATA, read_config
    from vaidya.registry.store import downloaded, version

    where, found = _target(endpoint=endpoint, region=region), version(model)
    with downloaded(found) as folder:
        data = folder / DATA
        wanted = _deploy_config(read_config(data), instance, asynchronous)
        embedded = (data / "weights").is_dir()
        plan = make_plan(found, wanted, where, stamp=stamp(), embedded=embedded)
        if dry_run:
            _print_json({**plan.shown(), "policies": policies(where, wanted)})
            return
        cases = parse((data / FINGERPRINT).read_text(encoding="utf-8"))
        serving = _deploy(plan, folder, cases)
    sys.stdout.write(f"endpoint {endpoint} serves {serving} ({found.uri}); next: vaidya rehearse {endpoint}\n")


def _deploy_config(config: Any, instance: str | None, asynchronous: bool | None) -> Any:
    changes: dict[str, Any] = {}
    if instance is not None:
        changes["deploy.instance_type"] = instance
    if asynchronous is not None:
        changes["deploy.asynchronous"] = asynchronous
        if not asynchronous:
            changes["deploy.min_instances"] = max(1, config.deploy.min_instances)
    return config.override(changes).deploy


def _deploy(plan: Any, folder: Any, cases: Any) -> str:
    from rich.console import Console

    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.client import smoke_test
    from vaidya.deploy.sagemaker.steps import deploy
    from vaidya.deploy.sagemaker.watch import Waiting

    aws = connect(plan.target.region)
    with Console(stderr=True).status("deploying …") as shown:
        return deploy(plan, folder, aws, smoke_test(plan, cases, aws), Waiting(say=shown.update))


@app.command()
def status(endpoint: Endpoint = "vaidya", region: Region = None) -> None:
    """What serves, since when, how many instances, what can be gone back to."""
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.manage import status as do

    where = _target(endpoint=endpoint, region=region)
    _print_json(do(endpoint, connect(where.region)))


@app.command()
def invoke(
    audio: Annotated[str | None, typer.Argument(help="A recording's path, or s3://…")] = None,
    endpoint: Endpoint = "vaidya",
    vitals: Annotated[str | None, typer.Option(help='JSON, as {"spo2": 93}.')] = None,
    complaint: Annotated[str | None, typer.Option()] = None,
    language: Annotated[str | None, typer.Option()] = None,
    region: Region = None,
) -> None:
    """One consultation through the endpoint: at once when it fits, else through S3."""
    import base64
    from pathlib import Path

    remote = audio is None or audio.startswith("s3://")
    sound = audio if remote else base64.b64encode(Path(str(audio)).read_bytes()).decode("ascii")
    request = {"audio": sound, "vitals": vitals, "complaint": complaint, "language": language}
    record = _asker(endpoint, _target(endpoint=endpoint, region=region))(request)
    sys.stdout.write(record.model_dump_json() + "\n")


@app.command()
def rollback(endpoint: Endpoint = "vaidya", region: Region = None) -> None:
    """Serve the configuration before the one that serves now."""
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.manage import rollback as do

    where = _target(endpoint=endpoint, region=region)
    sys.stdout.write(f"endpoint {endpoint} serves {do(endpoint, connect(where.region))}\n")


@app.command()
def delete(
    endpoint: Endpoint = "vaidya",
    region: Region = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the endpoint with its scaling, configurations, models and archives."""
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.manage import delete as do

    if not yes:
        typer.confirm(f"remove endpoint {endpoint} and everything that was made for it?", abort=True)
    where = _target(endpoint=endpoint, region=region)
    removed = do(endpoint, connect(where.region))
    sys.stdout.write(f"removed endpoint {endpoint} and {len(removed)} configurations\n")


def _print_json(values: Any) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False, indent=2) + "\n")
