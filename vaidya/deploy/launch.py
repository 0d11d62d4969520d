"""Verify a model, then become its server.

The verifying code is the installed package; the serving code is the model's own. Between them stands one `execve`, so
that nothing of the model is executed before every one of its files was compared with the manifest.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from vaidya.errors import ArtifactError, ConfigError, VaidyaError
from vaidya.registry.manifest import verify
from vaidya.registry.store import MANIFEST_TAG, PREFIX, Version, fetch, version
from vaidya.settings import settings

SAGEMAKER_FOLDER = Path("/opt/ml/model")
EXPECTED = "VAIDYA_MANIFEST_SHA256"
UNVERIFIED = "VAIDYA_UNVERIFIED"
SERVED = "served"  # below the cache


def verified_folder(model: str, expected: str | None = None) -> Path:
    """The folder of a model whose files were checked: a registered address, or a folder with the manifest's sha256.

    A folder without that sha256 is compared with its own manifest only; a line on stderr says so.

    Raises:
        ArtifactError: a file is not what was registered. ConfigError: there is no such model.
    """
    if model.startswith(PREFIX):
        return served(version(model))
    folder = Path(model)
    if not folder.is_dir():
        raise ConfigError(f"no model at {model!r}; give models:/NAME@ALIAS, models:/NAME/VERSION or a folder")
    trusted = expected or os.environ.get(EXPECTED)
    if trusted is None:
        print(
            f"warning: nobody vouches for {model}: it is compared with its own manifest only, which finds damage but "
            f"no forger. Give --manifest, or {EXPECTED}",
            file=sys.stderr,
        )
    verify(folder, trusted)
    return folder


def served(found: Version) -> Path:
    """The verified files of a registered version in the cache, one folder a manifest: they outlive this process.

    Raises:
        ArtifactError: the registry knows no manifest for it, or a file is not what was registered.
    """
    digest = found.tags.get(MANIFEST_TAG)
    ready = settings().cache / SERVED / str(digest)[:32]
    if ready.is_dir():
        try:
            verify(ready, digest)
        except ArtifactError:
            shutil.rmtree(ready)
        else:
            return ready
    ready.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ready.parent, prefix="partial-", ignore_cleanup_errors=True) as partial:
        # Renamed when it is whole, so nobody finds half a model; where another process was quicker, its copy stays.
        download = Path(partial) / "model"
        download.mkdir()
        try:
            fetch(found, download).rename(ready)
        except OSError:
            verify(ready, digest)
    return ready


def command(folder: Path, host: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of a verified folder's server.

    -P keeps the current folder off the path: started in a checkout, that one's code would run, not the model's own.
    """
    line = [sys.executable, "-P", "-m", "vaidya.deploy.server", str(folder), "--host", host, "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(folder / "code"), "PYTHONDONTWRITEBYTECODE": "1"}
    return line, environment


def serve(model: str, host: str = "127.0.0.1", port: int = 8080, expected: str | None = None) -> None:
    """Verify, then replace this process by the server; it returns only by an error."""
    line, environment = command(verified_folder(model, expected), host, port)
    os.execve(line[0], line, environment)  # noqa: S606 - our own interpreter, no shell


def container(folder: Path = SAGEMAKER_FOLDER) -> None:
    """What the container runs: SageMaker starts it with the one argument `serve`.

    Raises:
        ConfigError: another argument was given, or nobody said which manifest the model must have.
    """
    if sys.argv[1:] not in ([], ["serve"]):
        raise ConfigError(f"the container takes the argument 'serve', found {' '.join(sys.argv[1:])!r}")
    if not os.environ.get(EXPECTED) and os.environ.get(UNVERIFIED) != "1":
        raise ConfigError(
            f"{EXPECTED} is not set, so nobody vouches for the model: set it to the tag {MANIFEST_TAG} of the "
            f"registered version, or {UNVERIFIED}=1 to serve whatever is mounted"
        )
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    serve(str(folder), "0.0.0.0", port)  # noqa: S104 - a container's own network


if __name__ == "__main__":
    try:
        container()
    except VaidyaError as error:
        # The container's log is all that a deployer sees: one coded line, no stack.
        raise SystemExit(f"{error.code}: {error}") from None
