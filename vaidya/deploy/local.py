"""A server on this machine for as long as a block lasts: for notebooks and rehearsals."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from vaidya.errors import DeploymentError

LOAD_S = 900.0  # weights may have to be fetched first
STOP_S = 40.0


@contextmanager
def local_server(model: str, port: int | None = None) -> Iterator[str]:
    """`vaidya serve` in a process of its own, ready when the block begins; gives its address. As `server_process`."""
    with server_process(model, port) as (address, _process):
        yield address


@contextmanager
def server_process(model: str, port: int | None = None) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """`vaidya serve` in a process of its own, ready when the block begins; gives its address and the process.

    port: a free one when none is given.

    Raises:
        DeploymentError: it ended, or was not ready in time; its own log stands on stderr.
    """
    chosen = port or free_port()
    line = [sys.executable, "-c", "from vaidya.cli import main; main()", "serve", "--model", model]
    process = subprocess.Popen([*line, "--port", str(chosen)])
    try:
        address = f"http://127.0.0.1:{chosen}"
        _until_ready(address, process)
        yield address, process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + LOAD_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise DeploymentError(f"the server ended with exit code {process.returncode}; its last line says why")
        try:
            if httpx.get(f"{address}/ping", timeout=2.0).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise DeploymentError(f"the server was not ready after {LOAD_S:.0f} s")
