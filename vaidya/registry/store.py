"""The model registry of MLflow, as much of it as we use: versions, aliases, artifacts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vaidya.errors import ArtifactError, ConfigError
from vaidya.registry.manifest import verify
from vaidya.tracking.mlflow import client, connect, tracking_uri

NAME = "vaidya"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
PREFIX = "models:/"
LATEST = "latest"
MANIFEST_TAG = "manifest_sha256"
RUN_TAG = "evaluation_run"
# Codes by which a registry says that there is no such thing; every other failure is a registry that did not answer.
NOT_FOUND = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
NO_SUCH_ALIAS = "INVALID_PARAMETER_VALUE"
LOCK_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version: its number, the aliases that point to it, and its tags."""

    name: str
    number: str
    aliases: tuple[str, ...]
    tags: dict[str, str]
    description: str

    @property
    def uri(self) -> str:
        """The address by number, which never moves."""
        return f"{PREFIX}{self.name}/{self.number}"


def version(uri: str) -> Version:
    """A version by its address: `models:/vaidya@champion`, `models:/vaidya/3`, `models:/vaidya/latest`.

    `3` and `@champion` alone are of our own model.

    Raises:
        ConfigError: there is none. MlflowException: the registry did not answer.
    """
    name, reference = parse(uri)
    try:
        if reference.startswith("@"):
            found = client().get_model_version_by_alias(name, reference[1:])
        else:
            found = client().get_model_version(name, _newest(name) if reference == LATEST else reference)
    except _mlflow_error() as error:
        if error.error_code not in NOT_FOUND | {NO_SUCH_ALIAS}:
            raise
        known = ", ".join(v.number for v in versions(name)) or "none"
        raise ConfigError(f"no model {uri!r}; registered versions of {name!r}: {known}") from error
    return _version(found)


def parse(uri: str) -> tuple[str, str]:
    """The model's name, and a version number, `latest` or @alias."""
    text = uri.removeprefix(PREFIX)
    if "@" in text:
        name, _, alias = text.partition("@")
        return name or NAME, f"@{alias}"
    name, _, number = text.rpartition("/")
    return name or NAME, number


def _newest(name: str) -> str:
    numbers = [int(row.version) for row in client().search_model_versions(f"name = '{name}'")]
    return str(max(numbers, default=0))


def versions(name: str = NAME) -> list[Version]:
    """Every version, oldest first."""
    found = client().search_model_versions(f"name = '{name}'")
    # A search leaves the aliases out.
    complete = [client().get_model_version(name, row.version) for row in found]
    return sorted((_version(row) for row in complete), key=lambda v: int(v.number))


def aliases(name: str) -> dict[str, str]:
    """Where each alias of a model points; empty when there is no such model.

    Raises:
        MlflowException: the registry did not answer, which is not the same as a model without aliases.
    """
    try:
        found = client().get_registered_model(name).aliases
    except _mlflow_error() as error:
        if error.error_code not in NOT_FOUND:
            raise
        return {}
    return {which: str(number) for which, number in found.items()}


def alias(name: str, which: str) -> str | None:
    """The number that an alias points to, None when it points nowhere; raises as `aliases`."""
    return aliases(name).get(which)


def move_alias(name: str, which: str, number: str | None) -> None:
    """Point an alias to a version, or, with None, nowhere."""
    if number is not None:
        client().set_registered_model_alias(name, which, number)
    elif alias(name, which) is not None:
        client().delete_registered_model_alias(name, which)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Within the block nobody else on this machine decides about a local store.

    A server's store has no lock of ours; there `vaidya.registry.ledger.record` finds a rival and withdraws.

    Raises:
        ConfigError: another decision has been under way for ten minutes.
    """
    uri = tracking_uri()
    if not uri.startswith("sqlite:///"):
        yield
        return
    from filelock import FileLock, Timeout

    lock = FileLock(f"{uri.removeprefix('sqlite:///')}.lock", timeout=LOCK_TIMEOUT_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConfigError("another decision about this registry is under way; wait for it and repeat") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def downloaded(found: Version) -> Iterator[Path]:
    """The verified files of a version, for as long as the block lasts.

    Raises:
        ArtifactError: the registry knows no manifest for it, or a file is not what was registered.
    """
    with TemporaryDirectory(prefix="vaidya-artifact-") as temporary:
        yield fetch(found, Path(temporary))


def fetch(found: Version, folder: Path) -> Path:
    """The verified files of a version in a folder; raises ArtifactError as `downloaded`."""
    expected = found.tags.get(MANIFEST_TAG)
    if expected is None:
        raise ArtifactError(f"{found.uri} has no recorded manifest; it was not registered with `vaidya register`")
    try:
        path = Path(connect().artifacts.download_artifacts(artifact_uri=found.uri, dst_path=str(folder)))
    except (_mlflow_error(), OSError) as error:
        raise ArtifactError(f"the files of {found.uri} cannot be had: {type(error).__name__}") from error
    verify(path, expected)
    return path


def _version(found: Any) -> Version:
    aliases = tuple(sorted(found.aliases))
    return Version(found.name, str(found.version), aliases, dict(found.tags), found.description or "")


def _mlflow_error() -> Any:
    from mlflow.exceptions import MlflowException

    return MlflowException
