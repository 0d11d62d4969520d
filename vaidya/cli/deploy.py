"""`vaidya serve`, `rehearse` and `deploy …`: what was registered, running."""

import json
import sys
from typing import Annotated, Any

import typer

app = typer.Typer(help="A registered version on SageMaker, and what becomes of it.", no_args_is_help=True)

Endpoint = Annotated[str, typer.Option(help="The endpoint's name.")]
Region = Annotated[str | None, typer.Option(help="AWS region; else VAIDYA_SAGEMAKER_REGION.")]
AsyncEndpoint = Annotated[
    str | None,
    typer.Option(help="A second endpoint, which answers through S3: for what takes too long."),
]
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


def rehearse(  # noqa: PLR0913, PLR0917 - one argument a flag
    endpoint: Annotated[str, typer.Argument(help="http://… of a server, or the name of a SageMaker endpoint.")],
    model: Annotated[str, typer.Option(help="The version that should be running.")] = CHAMPION,
    suite: Annotated[str | None, typer.Option(help="Replay this suite's cases; else the registered few.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="With --suite: cases of each dataset.")] = None,
    usd_per_hour: Annotated[float | None, typer.Option(min=0, help="What the instance costs; else the profile's.")] = (
        None
    ),
    region: Region = None,
    async_endpoint: AsyncEndpoint = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the report, as JSON.")] = False,
) -> None:
    """Ask a live endpoint the registered cases, and compare; exit code 1 when an answer differs or fails."""
    from dataclasses import asdict

    from vaidya.deploy.rehearse import rehearse as do

    cases, config = registered_cases(model)
    others = 0
    if suite is not None:
        from vaidya.deploy.suite import suite_cases
        from vaidya.registry.store import version

        cases, others = suite_cases(suite, version(model), limit)
    ask, instance = _ask(endpoint, region, async_endpoint)
    report = do(ask, cases, _price(config, usd_per_hour, instance))
    if as_json:
        sys.stdout.write(json.dumps({"same": report.same, "left_out": others, **asdict(report)}) + "\n")
    else:
        _print_report(report, others)
    if not report.same:
        raise typer.Exit(1)


def registered_cases(model: str) -> tuple[Any, Any]:
    """The rehearsal cases and the configuration of a registered version."""
    from vaidya.registry.fingerprint import FINGERPRINT, parse
    from vaidya.registry.model import DATA, read_config
    from vaidya.registry.store import downloaded, version

    with downloaded(version(model)) as folder:
        return parse((folder / DATA / FINGERPRINT).read_text(encoding="utf-8")), read_config(folder / DATA)


def _price(config: Any, usd_per_hour: float | None, instance: str | None) -> Any:
    """The price given, else the profile's, which is that of the profile's own instance type."""
    if usd_per_hour is not None:
        return config.price.model_copy(update={"on_demand_per_hour": usd_per_hour})
    return None if instance not in (None, config.deploy.instance_type) else config.price


def _ask(endpoint: str, region: str | None, asynchronous: str | None) -> tuple[Any, str | None]:
    """How to ask an endpoint, and its instance type where it is SageMaker's."""
    if endpoint.startswith(("http://", "https://")):
        from vaidya.deploy.rehearse import ask_http

        return ask_http(endpoint), None
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.manage import status as state

    where = _target(endpoint=endpoint, region=region)
    return _asker(where, asynchronous), state(endpoint, connect(where.region))["instance_type"]


def _asker(where: Any, asynchronous: str | None) -> Any:
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.client import endpoints_of, invoke

    aws = connect(where.region)
    roads = endpoints_of(where.endpoint, where.bucket, where.prefix, aws, asynchronous=asynchronous)
    return lambda request: invoke(request, roads, aws)


def _target(**given: str | None) -> Any:
    from vaidya.deploy.sagemaker.target import target

    return target(**given)


def _print_report(report: Any, others: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="rehearsal", title_justify="left", header_style="bold")
    for heading in ("case", "tier", "registered", "differs in", "seconds", "then"):
        table.add_column(heading)
    for case in report.replayed:
        differs = case.error or ", ".join(case.differs) or "nothing"
        took = (f"{case.seconds:.2f}", f"{case.registered_s:.2f}")
        table.add_row(case.case_id, case.tier or "none", case.expected_tier, differs, *took)
    console = Console()
    console.print(table)
    cost = report.cost_per_consultation
    price = "no hourly price known" if cost is None else f"{cost:.4f} USD a consultation, one at a time"
    answered = sum(case.error is None for case in report.replayed)
    times = f"median {report.median_s:.2f} s, slowest {report.slowest_s:.2f} s, " if answered else ""
    left = f"; {others} cases of the suite left out: they cannot be sent, or were not judged" if others else ""
    console.print(f"{times}answered {answered} of {len(report.replayed)}; {price}{left}")


@app.command()
def sagemaker(  # noqa: PLR0913, PLR0917 - one argument a flag
    model: Annotated[str, typer.Option(help="The version to deploy.")] = CHAMPION,
    endpoint: Endpoint = "vaidya",
    instance: Annotated[str | None, typer.Option(help="Instance type; else the profile's.")] = None,
    asynchronous: Annotated[bool | None, typer.Option("--async/--realtime", help="Else the profile's.")] = None,
    region: Region = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every request and policy; ask AWS nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Deploy a version that nobody promoted.")] = False,
) -> None:
    """Upload, create or update, wait, ask a held case, set the scaling; on failure take everything back."""
    from vaidya.deploy.approval import refuse_unapproved
    from vaidya.deploy.sagemaker.iam import policies
    from vaidya.deploy.sagemaker.plan import make_plan
    from vaidya.provenance import stamp
    from vaidya.registry.fingerprint import FINGERPRINT, parse
    from vaidya.registry.model import DATA, read_config
    from vaidya.registry.store import downloaded, version

    where, found = _target(endpoint=endpoint, region=region), version(model)
    if not (force or dry_run):
        refuse_unapproved(found)
    with downloaded(found) as folder:
        data = folder / DATA
        config = read_config(data)
        wanted = _deploy_config(config, instance, asynchronous)
        isolated = (data / "weights").is_dir() and not _remote_models(config)
        plan = make_plan(found, wanted, where, stamp=stamp(), isolated=isolated)
        if dry_run:
            _print_json({**plan.shown(), "policies": policies(where, wanted, _remote_models(config))})
            return
        cases = parse((data / FINGERPRINT).read_text(encoding="utf-8"))
        serving = _deploy(plan, folder, cases)
    sys.stdout.write(f"endpoint {endpoint} serves {serving} ({found.uri}); next: vaidya rehearse {endpoint}\n")


def _remote_models(config: Any) -> list[Any]:
    """Language models that answer from somewhere else, for which the container needs a network."""
    return [llm for llm in (config.llm, config.section_llm) if llm is not None and (llm.endpoint or llm.base_url)]


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
def invoke(  # noqa: PLR0913, PLR0917 - one argument a flag
    audio: Annotated[str | None, typer.Argument(help="A recording's path, or s3://…")] = None,
    endpoint: Endpoint = "vaidya",
    async_endpoint: AsyncEndpoint = None,
    vitals: Annotated[str | None, typer.Option(help='JSON, as {"spo2": 93}.')] = None,
    age: Annotated[float | None, typer.Option(help="Years.")] = None,
    sex: Annotated[str | None, typer.Option(help="female, male or other.")] = None,
    pregnant: Annotated[bool | None, typer.Option("--pregnant/--not-pregnant", help="Unknown without either.")] = None,
    complaint: Annotated[str | None, typer.Option()] = None,
    language: Annotated[str | None, typer.Option()] = None,
    region: Region = None,
) -> None:
    """One consultation through the endpoint: at once when it fits, else through S3."""
    import base64
    from pathlib import Path

    remote = audio is None or audio.startswith("s3://")
    sound = audio if remote else base64.b64encode(Path(str(audio)).read_bytes()).decode("ascii")
    patient = {"age": age, "sex": sex, "pregnant": pregnant}
    request = {"audio": sound, "vitals": vitals, **patient, "complaint": complaint, "language": language}
    record = _asker(_target(endpoint=endpoint, region=region), async_endpoint)(request)
    sys.stdout.write(record.model_dump_json() + "\n")


@app.command()
def rollback(endpoint: Endpoint = "vaidya", region: Region = None) -> None:
    """Serve the configuration that served before the last deployment."""
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
    """Remove the endpoint with its scaling, configurations, models, archives, requests and answers."""
    from vaidya.deploy.sagemaker.aws import connect
    from vaidya.deploy.sagemaker.manage import delete as do

    if not yes:
        typer.confirm(f"remove endpoint {endpoint} and everything that was made for it?", abort=True)
    where = _target(endpoint=endpoint, region=region)
    removed = do(where, connect(where.region))
    sys.stdout.write(f"removed endpoint {endpoint} and {len(removed)} configurations\n")


def _print_json(values: Any) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False, indent=2) + "\n")
