"""A judged configuration -> a folder that MLflow, our server and SageMaker can load."""

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.errors import ConfigError
from vaidya.evaluation.rows import Row
from vaidya.registry.card import write_card
from vaidya.registry.manifest import block_bytecode, write_manifest
from vaidya.registry.model import CONFIG
from vaidya.registry.weights import pin_weights
from vaidya.settings import repository_root
from vaidya.tracking.tags import LOCK_FILE

PACKAGE = Path(__file__).resolve().parent.parent
CARD = "card.md"
BUILD = provenance.BUILD_FILE
# What a server needs beside the package itself, and what each backend needs: extras of pyproject.toml.
SERVER_EXTRAS = {"serve", "tracking", "fhir"}
BACKEND_EXTRAS = {
    "faster-whisper": "whisper",
    "yamnet": "yamnet",
    "hear": "hear",
    "llama-cpp": "llama-cpp",
    "transformers": "transformers",
    "sagemaker": "aws",
}


@contextmanager
def built(
    config: RunConfig,
    rows: Sequence[Row],
    origin: Mapping[str, str | None],
    *,
    embed: bool = False,
    extra: Mapping[str, str] | None = None,
) -> Iterator[tuple[Path, str]]:
    """A finished model folder, for as long as the block lasts, and its manifest's sha256.

    embed: carry the weights inside. extra: more files for the data folder, by name.

    Raises:
        WeightsError: weights cannot be pinned. ConfigError: the lock does not pin a library that is needed.
    """
    with tempfile.TemporaryDirectory(prefix="vaidya-model-") as temporary:
        work = Path(temporary)
        data = work / "model"
        data.mkdir()
        pins = pin_weights(config, data, embed=embed)
        _write_data(data, config, write_card(config, rows, pins, origin), extra or {})
        folder = work / "saved"
        _save(folder, data, _copy_package(work / "code"), requirements(config))
        block_bytecode(folder)
        yield folder, write_manifest(folder)


def _write_data(data: Path, config: RunConfig, card: str, extra: Mapping[str, str]) -> None:
    (data / CONFIG).write_text(config.model_dump_json(indent=1), encoding="utf-8")
    (data / CARD).write_text(card, encoding="utf-8")
    for name, text in extra.items():
        (data / name).write_text(text, encoding="utf-8")
    for name in ("schema/json", "note/prompts"):
        source = PACKAGE / name
        if source.is_dir():
            shutil.copytree(
                source, data / name.rpartition("/")[2], ignore=shutil.ignore_patterns("__pycache__", "*.py")
            )


def _copy_package(target: Path) -> Path:
    """This package, with a stamp that says which commit it is: a copy has no checkout around it.

    Raises:
        ConfigError: files were edited since this process read them; they are not what was judged.
    """
    package = target / PACKAGE.name
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    if provenance.digest_of(package) != provenance.package_digest():
        raise ConfigError("the package's files were edited while this ran: start again, and judge the new code first")
    commit, dirty = provenance.git_state()
    stamp = {"version": provenance.version(), "git_commit": commit, "dirty": dirty}
    (package / BUILD).write_text(json.dumps(stamp), encoding="utf-8")
    return package


def _save(folder: Path, data: Path, package: Path, pins: list[str]) -> None:
    import mlflow

    with resources.as_file(resources.files("vaidya.registry") / "model_code.py") as code:
        mlflow.pyfunc.save_model(
            path=str(folder),
            python_model=str(code),
            artifacts={"model": str(data)},
            code_paths=[str(package)],
            pip_requirements=pins,
            signature=signature(),
            input_example=input_example(),
        )


def signature() -> object:
    """The columns of `vaidya.registry.request.FIELDS`, all optional, and the columns of a result."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kinds = {"audio": "string", "vitals": "string", "age": "double", "sex": "string", "pregnant": "boolean"}
    kinds |= {"language": "string", "complaint": "string"}
    inputs: list[Any] = [ColSpec(kind, name, required=False) for name, kind in kinds.items()]
    outputs: list[Any] = [ColSpec("string", name, required=False) for name in ("record", "error_code", "error_message")]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def input_example() -> object:
    """One consultation without audio."""
    import pandas as pd

    vitals = json.dumps({"spo2": 93, "respirations": 24, "pulse": 110})
    return pd.DataFrame([{"vitals": vitals, "age": 54.0, "complaint": "breathless since the morning"}])


def requirements(config: RunConfig) -> list[str]:
    """Pinned requirements of a server of this configuration, from the lock.

    Raises:
        ConfigError: there is no lock, or it does not pin a library that is needed.
    """
    path = repository_root() / LOCK_FILE
    if not path.is_file():
        raise ConfigError(f"{LOCK_FILE} is not here; register from a checkout of the project")
    pinned = _pinned(path.read_text(encoding="utf-8"))
    wanted = [_normal(name) for name in _required(config)]
    missing = [name for name in wanted if name not in pinned]
    if missing:
        raise ConfigError(f"{LOCK_FILE} does not pin {', '.join(missing)}; run `make lock`")
    return [pinned[name] for name in wanted]


def _pinned(lock: str) -> dict[str, str]:
    lines = [line.strip() for line in lock.splitlines() if "==" in line and not line.startswith("#")]
    return {_normal(line.partition("==")[0]): line for line in lines}


def _required(config: RunConfig) -> list[str]:
    """Names of the libraries that the package and the extras of this configuration ask for, each once."""
    from packaging.requirements import Requirement

    project = tomllib.loads((repository_root() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    backends = (config.transcript.backend, config.acoustic.backend, config.acoustic.events, config.llm.backend)
    extras = sorted(SERVER_EXTRAS | {BACKEND_EXTRAS[name] for name in backends if name in BACKEND_EXTRAS})
    asked = [*project["dependencies"], *(line for e in extras for line in project["optional-dependencies"][e])]
    return list(dict.fromkeys(Requirement(line).name for line in asked))


def _normal(name: str) -> str:
    """A package's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
