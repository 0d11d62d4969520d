"""The server as a process of its own: what it writes down, and how it ends when it is told to."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from vaidya.deploy import server as server_module
from vaidya.deploy.local import free_port

SECRET = "my name is Sita"
LIMIT_S = 60.0
# The real entry point with a pipeline whose behaviour a complaint chooses, and a clock that runs faster.
SCRIPT = """
import signal, sys, threading, time
import vaidya.deploy.server as server
from vaidya.config import RunConfig
from vaidya.pipeline import Pipeline

server.TURN_S, server.DRAIN_S, server.EXIT_S = 2.0, 3, 5.0
how = sys.argv.pop()
server.admission_of = lambda config: server.Admission(1, 2)

told_to_stop, handled = threading.Event(), server.Server.handle_exit

def handle(self, *signal):
    told_to_stop.set()
    handled(self, *signal)

server.Server.handle_exit = handle

class Odd(Pipeline):
    def run(self, intake, on_event=None):
        if intake.complaint == "hang":
            time.sleep(600)
        if intake.complaint == "slow":
            told_to_stop.wait()
            time.sleep(0.5)
        if intake.complaint == {secret!r}:
            self.preliminary(intake, on_event)
            raise RuntimeError({secret!r})
        return super().run(intake, on_event)

    def preliminary(self, intake, on_event):
        if on_event is not None:
            def first(event):
                if event.kind == "preliminary_tier":
                    on_event(event)
            super().run(intake, first)

def load(data):
    if "loading" in how:
        pool = __import__("concurrent.futures").futures.ThreadPoolExecutor(1)
        pool.submit(time.sleep, 600).result()
    return Odd(RunConfig(profile="odd"))

server.load_pipeline = load
if "first-process" in how:
    # The first process of a container: the kernel does not deliver a signal that it has no handler for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
server.main()
"""


@contextmanager
def serving(model_folder, tmp_path, how=""):
    port = free_port()
    script = textwrap.dedent(SCRIPT).format(secret=SECRET)
    line = [sys.executable, "-c", script, str(model_folder[0]), "--port", str(port), f"how:{how}"]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log, env=os.environ.copy(), cwd=tmp_path)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def until(condition, process) -> None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"did not come about; exit code {process.poll()}")


def until_ready(address, process) -> None:
    until(lambda: httpx.get(f"{address}/ping", timeout=5).status_code == 200, process)


def inside(address) -> int:
    return httpx.get(f"{address}/ping", timeout=5).json()["inside"]


def post(address, complaint, **headers):
    return httpx.post(f"{address}/invocations", json={"complaint": complaint}, headers=headers, timeout=LIMIT_S)


def test_what_a_patient_said_is_not_written_down_by_an_unexpected_error(model_folder, tmp_path):
    with serving(model_folder, tmp_path) as (address, process):
        until_ready(address, process)
        answer = post(address, SECRET)
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
        lines = post(address, SECRET, Accept="application/x-ndjson").text.splitlines()
        assert json.loads(lines[-1]) == {"error": {"code": "INTERNAL", "message": "unexpected RuntimeError"}}
        # A caller who goes away in the middle of a stream: nobody waits for the error any more.
        body = {"complaint": SECRET}
        with httpx.stream("POST", f"{address}/invocations", json=body, headers={"Accept": "application/x-ndjson"}):
            pass
        until(lambda: inside(address) == 0, process)
        assert post(address, "cough").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)
    log = (tmp_path / "server.log").read_text()
    assert "500 unexpected RuntimeError at" in log
    assert SECRET not in log
    assert "Traceback" not in log


@pytest.mark.parametrize("how", ["", "first-process"])
def test_a_consultation_that_hangs_does_not_outlive_the_signal(model_folder, tmp_path, how):
    """One at work that ends, one that hangs behind it, one that waits: each caller is told, and the process ends."""
    with serving(model_folder, tmp_path, how) as (address, process), ThreadPoolExecutor(3) as pool:
        until_ready(address, process)
        assert post(address, "cough").status_code == 200
        callers = []
        for number, complaint in enumerate(("slow", "hang", "cough")):
            callers.append(pool.submit(post, address, complaint))
            until(lambda n=number: inside(address) > n, process)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)
        assert time.monotonic() - began < 7
        assert callers[0].result().status_code == 200
        for caller in callers[1:]:
            told = caller.result()
            assert (told.status_code, told.json()["code"]) == (503, "NOT_LOADED")


@pytest.mark.parametrize("how", ["loading", "loading first-process"])
def test_a_server_that_still_loads_ends_at_once(model_folder, tmp_path, how):
    with serving(model_folder, tmp_path, how) as (address, process):
        until(lambda: httpx.get(f"{address}/ping", timeout=5).status_code == 503, process)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 4


def test_the_real_clock_is_within_sagemakers_thirty_seconds():
    assert server_module.TURN_S < server_module.DRAIN_S < server_module.EXIT_S < 30
