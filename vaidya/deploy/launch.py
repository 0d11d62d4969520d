"""Verify a model, then become its server.

The verifying code is the installed package; the serving code is the model's own. Between them stands one `execve`, so
that nothing of the model is executed before every one of its files was compared with the manifest.
"""

import os
import sys
import tempfile
from pathlib import Path

from vaidya.errors import ConfigError, VaidyaError
from vaidya.registry.manifest import verify
from vaidya.registry.store import PREFIX, fetch, version

SAGEMAKER_FOLDER = Path("/opt/ml/model")
EXPECTED = "VAIDYA_MANIFEST_SHA256"


def verified_folder(model: str, expected: str | None = None) -> Path:
    """The folder of a model whose files were checked: a registered address, or a folder with the manifest's sha256.

    Raises:
        ArtifactError: a file is not what was registered. ConfigError: there is no such model.
    """
    if model.startswith(PREFIX):
        return fetch(version(model), Path(tempfile.mkdtemp(prefix="vaidya-serve-")))
    folder = Path(model)
    if not folder.is_dir():
        raise ConfigError(f"no model at {model!r}; give models:/NAME@ALIAS, models:/NAME/VERSION or a folder")
    verify(folder, expected or os.environ.get(EXPECTED))
    return folder


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


def container() -> None:
    """What the container runs: SageMaker starts it with the one argument `serve`.

    Raises:
        ConfigError: another argument was given.
    """
    if sys.argv[1:] not in ([], ["serve"]):
        raise ConfigError(f"the container takes the argument 'serve', found {' '.join(sys.argv[1:])!r}")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    serve(str(SAGEMAKER_FOLDER), "0.0.0.0", port)  # noqa: S104 - a container's own network


if __name__ == "__main__":
    try:
        container()
    except VaidyaError as error:
        # The container's log is all that a deployer sees: one coded line, no stack.
        raise SystemExit(f"{error.code}: {error}") from None
