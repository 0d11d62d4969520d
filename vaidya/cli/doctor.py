"""`vaidya doctor`: what this machine has, and for each profile what is ready or what to do."""

import importlib.util
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from vaidya.config import RunConfig

State = Literal["ready", "to fetch", "not ready"]
STYLES = {"ready": "green", "to fetch": "yellow", "not ready": "bold red"}

# What a backend imports on use; its weights come on top.
LIBRARIES = {
    "faster-whisper": ("faster_whisper",),
    "yamnet": ("onnxruntime",),
    "hear": ("torch", "transformers"),
    "opensmile": ("opensmile",),
    "llama-cpp": ("xllamacpp",),
    "transformers": ("torch", "transformers", "accelerate", "llguidance"),
    "sagemaker": ("boto3",),
}
WORKING_SHARE = 1.8  # of the weights' size: the 1.5 B model, 1.12 GB on disk, was seen to take 2.0 GB at 8k context
PARTS = ("transcript", "acoustic", "llm")


@dataclass(frozen=True, slots=True)
class Part:
    """One model of a profile. todo: empty when it is ready."""

    part: str
    backend: str
    weights: str | None
    state: State
    todo: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One profile on this machine; its state is that of its worst part."""

    profile: str
    state: State
    parts: tuple[Part, ...]


def doctor(
    profile: Annotated[list[str] | None, typer.Option(help="Only this profile; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only JSON.")] = False,
) -> None:
    """Show cores, memory and accelerator, and for each profile its backends and weights: ready, or what to do."""
    from vaidya.config import load_profile, profile_names
    from vaidya.pipeline import fit_to_machine

    profiles = [diagnose(fit_to_machine(load_profile(name))) for name in profile or profile_names()]
    machine = describe_machine()
    if as_json:
        report = {"machine": machine, "profiles": [asdict(row) for row in profiles]}
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    _print(machine, profiles)


def describe_machine() -> dict[str, Any]:
    """Hardware, Python and the folders that settings name; no token is ever shown."""
    import platform

    from vaidya.provenance import hardware, libraries, version
    from vaidya.settings import settings

    here = settings()
    return {
        **hardware().model_dump(mode="json"),
        "python": platform.python_version(),
        "vaidya": version(),
        "libraries": libraries(),
        "data": str(here.data) if here.data else None,
        "weights_cache": str(here.cache / "weights"),
        "weights_dir": str(here.weights_dir) if here.weights_dir else None,
        "offline": here.offline,
    }


def diagnose(config: "RunConfig") -> Diagnosis:
    """Whether this machine can run a configuration; nothing is fetched and no model is loaded."""
    parts = tuple(
        _examine(part, getattr(config, part), endpoint=config.llm.endpoint)
        for part in ("transcript", "acoustic", "llm")
    )
    worst = next((state for state in ("not ready", "to fetch") if any(p.state == state for p in parts)), "ready")
    return Diagnosis(config.profile, worst, parts)  # type: ignore[arg-type]


def _examine(part: str, section: Any, endpoint: str | None) -> Part:
    namer = getattr(section, "events", None)  # a second encoder of the listener
    blocking = [*_missing_libraries(section.backend), *_missing_hardware(section)]
    if section.backend == "openai":
        blocking += _unanswered(section.base_url)
    fetch: list[str] = []
    if section.weights is not None:
        _examine_weights(section.weights, blocking, fetch)
    if namer is not None:
        blocking += _missing_libraries(namer)
        _examine_weights(section.events_weights, blocking, fetch)
    if section.backend == "sagemaker":
        fetch.append(f"deploy the endpoint {endpoint!r} first: `vaidya deploy`; AWS credentials must be configured")
    state: State = "not ready" if blocking else "to fetch" if fetch else "ready"
    backend = f"{section.backend}+{namer}" if namer else section.backend
    return Part(part, backend, section.weights, state, (*blocking, *fetch))


def _missing_libraries(backend: str) -> list[str]:
    from vaidya.backends import missing

    absent = [name for name in LIBRARIES.get(backend, ()) if importlib.util.find_spec(name) is None]
    return [str(missing(ModuleNotFoundError(name=name), backend)) for name in absent]


def _missing_hardware(section: Any) -> list[str]:
    from vaidya.provenance import hardware

    wanted = {"cuda": "NVIDIA", "mps": "Apple Metal"}.get(section.device)
    if wanted and wanted not in (hardware().accelerator or ""):
        return [f"device {section.device!r} is asked for, but this machine has no {wanted} accelerator"]
    return []


def _unanswered(base_url: str | None) -> list[str]:
    import httpx

    if not base_url:
        return ["llm.base_url is not set: give the server's address in the profile"]
    try:
        httpx.get(f"{base_url.rstrip('/')}/models", timeout=2.0)
    except httpx.HTTPError:
        return [f"no server answers at {base_url}: start it"]
    return []


def _examine_weights(name: str, blocking: list[str], fetch: list[str]) -> None:
    from vaidya.provenance import hardware
    from vaidya.weights import entry, stock

    row = stock(name)
    if row.state == "damaged":
        blocking.append(row.detail)
    elif row.state == "missing" and entry(name).gated:
        repository = entry(name).hub
        address = f"https://huggingface.co/{repository.repository}" if repository else "the hub"
        fetch.append(f"accept the licence at {address}, set HF_TOKEN, then `vaidya weights pull {name}`")
    elif row.state == "missing":
        fetch.append(f"`vaidya weights pull {name}`")
    need_gb = WORKING_SHARE * (row.megabytes or 0.0) / 1e3
    if need_gb > hardware().memory_gb:
        blocking.append(f"{name} needs about {need_gb:.0f} GB of memory; this machine has {hardware().memory_gb:.0f}")


def _print(machine: dict[str, Any], profiles: list[Diagnosis]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    accelerator = machine["accelerator"] or "no accelerator"
    console.print(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {accelerator}")
    console.print(f"Python {machine['python']}, vaidya {machine['vaidya']}")
    console.print(f"weights in {machine['weights_cache']}")
    console.print(f"evaluation data: {machine['data'] or 'VAIDYA_DATA is not set'}")
    for row in profiles:
        console.print(f"\n[bold]{row.profile}[/]: [{STYLES[row.state]}]{row.state}[/]")
        for part in row.parts:
            name = f"{part.backend} ({part.weights})" if part.weights else part.backend
            console.print(f"  {part.part:<11}{escape(name):<54}[{STYLES[part.state]}]{part.state}[/]")
            for step in part.todo:
                console.print(f"    → {escape(step)}", soft_wrap=True)
