"""The deployer's whole road on one machine: evaluate, register, gate, promote, serve, ask, rehearse, roll back."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import mlflow
import pytest
from fastapi.testclient import TestClient
from mlflow.pyfunc.scoring_server import init

from vaidya.deploy.launch import command
from vaidya.deploy.rehearse import ask_http, rehearse
from vaidya.errors import DeploymentError, GateRefusedError
from vaidya.pipeline import Pipeline
from vaidya.registry.audit import audit
from vaidya.registry.fingerprint import FINGERPRINT, parse
from vaidya.registry.model import DATA, canonical
from vaidya.registry.promote import promote, rollback
from vaidya.registry.register import register
from vaidya.registry.store import downloaded, version
from vaidya.schema import Tier, TriageRecord

pytestmark = pytest.mark.usefixtures("registry")
LIMIT_S = 60.0


# A recording of ours, whole; what was said in it is scripted. tests/registry/test_real_road.py has it heard.
RECORDING = (Path(__file__).resolve().parents[2] / "eval/cases/audio/en-instruction.ogg").read_bytes()
REQUESTS = {
    "spoken": {
        "audio": base64.b64encode(RECORDING).decode(),
        "vitals": '{"pulse": 120}',
        "age": 54.0,
        "language": "en",
    },
    "written": {"complaint": "needs more tablets", "age": 40.0, "sex": "female", "pregnant": False},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(model: str, tmp_path):
    """`vaidya serve` as a process of its own, from a folder that is no checkout; gives its address and the process."""
    port = free_port()
    line = [sys.executable, "-c", "from vaidya.cli import main; main()", "serve", "--model", model, "--port", str(port)]
    with (tmp_path / "server.log").open("w") as log:
        environment = {**os.environ, "VAIDYA_CACHE": str(tmp_path / "cache")}
        process = subprocess.Popen(line, env=environment, cwd=tmp_path, stderr=log, stdout=log)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def until_ready(address: str, process) -> None:
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/ping", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready; exit code {process.poll()}")


def test_the_whole_road(judged, model_name, tmp_path):
    good = register(judged.good, name=model_name, requests=REQUESTS)
    promote(good.uri, gate=judged.gate)
    unsafe = register(judged.unsafe, name=model_name, requests=REQUESTS)
    with pytest.raises(GateRefusedError):
        promote(unsafe.uri, gate=judged.gate)
    champion = f"models:/{model_name}@champion"
    with downloaded(version(champion)) as folder:
        registered = parse((folder / DATA / FINGERPRINT).read_text())

    with serving(champion, tmp_path) as (address, process):
        until_ready(address, process)
        parity(address, champion, judged.config)
        report = rehearse(ask_http(address), registered, judged.config.price)
        assert [case.differs for case in report.replayed] == [(), ()]
        assert report.cost_per_consultation is None
        other = [case.model_copy(update={"answer": {**case.answer, "tier": "ROUTINE"}}) for case in registered]
        assert rehearse(ask_http(address), other).replayed[0].differs == ("tier",)
        with pytest.raises(DeploymentError, match="400: VITALS"):
            ask_http(address)({"vitals": {"spo2": 140}})

    second = register(judged.good, name=model_name, requests=REQUESTS)
    promote(second.uri, gate=judged.gate)
    rollback(model_name)
    assert version(champion).number == good.number
    assert audit(model_name) == []


def parity(address: str, champion: str, config) -> None:
    """One consultation with audio, five ways: the same record, byte for byte apart from the times."""
    request = REQUESTS["spoken"]
    fields = {name: value for name, value in request.items() if name != "audio"}
    here = Pipeline(config)(RECORDING, vitals={"pulse": 120}, patient={"age": 54.0}, language="en").model_dump_json()
    over_http = httpx.post(f"{address}/invocations", json=request, timeout=LIMIT_S).text
    raw = httpx.post(
        f"{address}/invocations",
        content=RECORDING,
        headers={"Content-Type": "audio/ogg", "X-Vaidya-Fields": json.dumps(fields)},
        timeout=LIMIT_S,
    ).text
    model = mlflow.pyfunc.load_model(champion)
    by_mlflow = TestClient(init(model)).post("/invocations", json={"dataframe_records": [request]})
    assert by_mlflow.status_code == 200, by_mlflow.text
    found = by_mlflow.json()["predictions"][0]
    assert found["error_code"] is None
    records = [here, over_http, raw, found["record"], model.predict([request])["record"][0]]
    record = TriageRecord.model_validate_json(here)
    assert record.transcript.segments
    assert record.model_tier_probabilities[Tier.SEMI_URGENT] == 0.7
    assert len({canonical(record) for record in records}) == 1


def test_a_server_finishes_what_is_at_work_when_it_is_told_to_stop(judged, model_name, tmp_path):
    slow_replies = tmp_path / "slow.json"
    slow_replies.write_text(json.dumps([{"text": "not a note", "delay_s": 1.5}]))
    made = register(judged.good, name=model_name, requests={"written": REQUESTS["written"]})
    with downloaded(made) as folder:
        config_file = folder / DATA / "config.json"
        changes = {"llm.model": str(slow_replies), "note.writer": "model", "note.retries": 0}
        config_file.write_text(judged.config.override(changes).model_dump_json())
        rewrite_manifest(folder)
        with serving(str(folder), tmp_path) as (address, process), ThreadPoolExecutor(1) as pool:
            until_ready(address, process)
            waiting = pool.submit(httpx.post, f"{address}/invocations", json=REQUESTS["spoken"], timeout=LIMIT_S)
            while httpx.get(f"{address}/ping").json()["inside"] == 0:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert waiting.result().status_code == 200
            assert process.wait(timeout=30) in (0, -signal.SIGTERM)


def rewrite_manifest(folder) -> None:
    from vaidya.registry.manifest import write_manifest

    write_manifest(folder)


def test_the_models_own_code_serves_even_from_within_a_checkout(registered, repository, tmp_path):
    with downloaded(registered) as folder:
        line, environment = command(folder, "127.0.0.1", 1)
        where = [*line[: line.index("-m")], "-c", "import vaidya; print(vaidya.__file__)"]
        done = subprocess.run(where, env=environment, cwd=repository, capture_output=True, text=True, check=True)
        assert Path(done.stdout.strip()) == folder / "code" / "vaidya" / "__init__.py"


def test_a_server_whose_files_were_changed_never_starts(registered, tmp_path):
    with downloaded(registered) as folder:
        (folder / DATA / "config.json").write_text("{}")
        with serving(str(folder), tmp_path) as (_, process):
            assert process.wait(timeout=LIMIT_S) == 1
    assert "ARTIFACT: 'artifacts/model/config.json' is not the file" in (tmp_path / "server.log").read_text()


def test_a_server_whose_models_cannot_be_loaded_ends_with_a_coded_line(registered, judged, tmp_path):
    with downloaded(registered) as folder:
        changes = {"transcript.weights": str(tmp_path / "missing.json")}
        (folder / DATA / "config.json").write_text(judged.config.override(changes).model_dump_json())
        rewrite_manifest(folder)
        with serving(str(folder), tmp_path) as (_, process):
            assert process.wait(timeout=LIMIT_S) == 1
    assert "the models cannot be loaded: CONFIG" in (tmp_path / "server.log").read_text()


def test_eight_callers_at_once_get_records_or_are_told_to_wait(registered, tmp_path):
    """A few seconds of what deploy/load.py does for minutes: no 5xx, 429 only with Retry-After."""
    answers: list[httpx.Response] = []

    def call(address: str) -> None:
        for _ in range(5):
            answers.append(httpx.post(f"{address}/invocations", json=REQUESTS["written"], timeout=LIMIT_S))

    with serving(registered.uri, tmp_path) as (address, process):
        until_ready(address, process)
        callers = [threading.Thread(target=call, args=(address,)) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert len(answers) == 40
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
