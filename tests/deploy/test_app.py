"""The server's contract: states, content types, coded errors, a bounded queue, neighbours that survive."""

import asyncio
import base64
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B.bundle import Bundle

from vaidya.config import AudioConfig, RunConfig
from vaidya.deploy.admission import Admission
from vaidya.deploy.app import create_app
from vaidya.errors import QueueFullError, WeightsError
from vaidya.pipeline import Pipeline
from vaidya.registry.model import canonical
from vaidya.schema import StageEvent, TriageRecord

CONFIG = RunConfig(profile="made-up")
LIMITS = AudioConfig(max_bytes=100_000)
SICK = {"vitals": {"spo2": 86, "respirations": 30}, "age": 54, "complaint": "breathless"}
SECRET = "my name is Sita"


class Held(Pipeline):
    """A pipeline that waits until it is let go, and that breaks on a certain complaint."""

    def __init__(self) -> None:
        super().__init__(CONFIG)
        self.go = threading.Event()
        self.at_work = threading.Semaphore(0)

    def run(self, intake, on_event=None):
        if intake.complaint == SECRET:
            raise RuntimeError(SECRET)
        self.at_work.release()
        assert self.go.wait(30)
        return super().run(intake, on_event)


def client(load=lambda: Pipeline(CONFIG), admission=None, on_failure=lambda: None) -> TestClient:
    app = create_app(load, LIMITS, admission or Admission(2, 2), on_failure)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def server():
    with client() as made:
        until_ready(made)
        yield made


def until_ready(server) -> None:
    deadline = time.monotonic() + 30
    while server.get("/ping").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ping_answers_503_until_the_models_are_loaded():
    loaded = threading.Event()

    def slow() -> Pipeline:
        assert loaded.wait(30)
        return Pipeline(CONFIG)

    with client(slow) as server:
        assert server.get("/ping").status_code == 503
        refused = server.post("/invocations", json=SICK)
        assert (refused.status_code, refused.json()["code"]) == (503, "NOT_LOADED")
        loaded.set()
        until_ready(server)
        assert server.post("/invocations", json=SICK).status_code == 200


def test_models_that_cannot_be_loaded_end_the_server():
    ended = threading.Event()

    def broken() -> Pipeline:
        raise WeightsError("not on this machine")

    with client(broken, on_failure=ended.set) as server:
        assert ended.wait(10)
        assert server.get("/ping").status_code == 503


def test_a_record_over_http_is_the_record_in_process(server):
    answer = server.post("/invocations", json=SICK)
    here = Pipeline(CONFIG)(vitals=SICK["vitals"], patient={"age": 54}, complaint="breathless")
    assert canonical(answer.text) == canonical(here.model_dump_json())
    assert TriageRecord.model_validate_json(answer.content).decision.tier.value == "EMERGENCY"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"vitals": {"spo2": 140}}', "application/json", 400, "VITALS"),
        (b'{"vitals": {"spo2": NaN}}', "application/json", 400, "INTAKE"),
        (b'{"age": -3}', "application/json", 400, "PATIENT"),
        (b'{"sex": "x", "complaint": "cough"}', "application/json", 400, "PATIENT"),
        (b'{"audio": "%%%"}', "application/json", 400, "INTAKE"),
        (b'{"audio": "file:///etc/passwd"}', "application/json", 400, "INTAKE"),
        (b'{"colour": "red"}', "application/json", 400, "INTAKE"),
        (b"{}", "application/json", 400, "INTAKE"),
        (b"[1]", "application/json", 400, "INTAKE"),
        (b"not json", "application/json", 400, "INTAKE"),
        (b"[" * 100_000, "application/json", 400, "INTAKE"),
        (b'{"vitals": {"spo2": ' + b"[" * 900 + b"]" * 900 + b"}}", "application/json", 400, "VITALS"),
        (json.dumps({"vitals": "[" * 100_000}).encode(), "application/json", 400, "VITALS"),
        (b'{"vitals": "{\\"spo2\\": NaN}"}', "application/json", 400, "VITALS"),
        (b'{"vitals": {"spo2": 1e999}}', "application/json", 400, "VITALS"),
        (b'{"vitals": 7}', "application/json", 400, "VITALS"),
        (b'{"language": 7, "complaint": "cough"}', "application/json", 400, "LANGUAGE"),
        (b'{"language": ["en"], "complaint": "cough"}', "application/json", 400, "LANGUAGE"),
        (b'{"complaint": 7}', "application/json", 400, "INTAKE"),
        (b'{"complaint": "\\ud800"}', "application/json", 400, "INTAKE"),
        (b'{"\\ud800": 7}', "application/json", 400, "INTAKE"),
        (b'{"age": {"a": 1}}', "application/json", 400, "PATIENT"),
        (b"", "audio/wav", 400, "AUDIO_EMPTY"),
        (b"this is no audio", "audio/wav", 400, "AUDIO_FORMAT"),
        (b"x", "text/csv", 415, "CONTENT_TYPE"),
        (b"0" * 3_000_000, "audio/wav", 413, "AUDIO_TOO_LARGE"),
    ],
)
def test_bad_requests_are_refused_with_a_code(server, body, kind, status, code):
    answer = server.post("/invocations", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message"}


def test_a_body_without_a_length_is_read_no_further_than_the_limit(server):
    chunks = (b"0" * 100_000 for _ in range(40))
    answer = server.post("/invocations", content=chunks, headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 413


@pytest.mark.parametrize("header", ["X-Vaidya-Fields", "X-Amzn-SageMaker-Custom-Attributes"])
def test_raw_audio_brings_its_fields_in_a_header(server, header):
    headers = {"Content-Type": "audio/wav; rate=16000", header: json.dumps({**SICK, "complaint": "wheeze"})}
    answer = server.post("/invocations", content=b"no audio", headers=headers)
    record = TriageRecord.model_validate_json(answer.content)
    assert (record.vitals.spo2, record.complaint) == (86.0, "wheeze")
    assert [failure.code for failure in record.failures] == ["AUDIO_FORMAT"]


def test_a_form_brings_audio_and_fields(server):
    fields = {"vitals": json.dumps(SICK["vitals"]), "age": "54", "pregnant": "false", "complaint": "wheeze"}
    answer = server.post("/invocations", data=fields, files={"audio": ("a.wav", io.BytesIO(b"no audio"))})
    record = TriageRecord.model_validate_json(answer.content)
    assert (record.patient.age, record.patient.pregnant, record.vitals.spo2) == (54.0, False, 86.0)


def test_steps_are_streamed_and_the_last_line_is_the_record(server):
    with server.stream("POST", "/invocations", json=SICK, headers={"Accept": "application/x-ndjson"}) as answer:
        events = [StageEvent.model_validate_json(line) for line in answer.iter_lines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert events[0].kind == "preliminary_tier"
    assert events[-1].kind == "done"
    whole = server.post("/invocations", json=SICK)
    assert canonical(events[-1].record.model_dump_json()) == canonical(whole.text)


def test_a_stream_that_is_refused_at_once_is_refused_with_its_status(server):
    answer = server.post("/invocations", json={}, headers={"Accept": "application/x-ndjson"})
    assert (answer.status_code, answer.json()["code"]) == (400, "INTAKE")


def test_fhir_on_request(server):
    answer = server.post("/invocations", json=SICK, headers={"Accept": "application/fhir+json"})
    assert Bundle.model_validate_json(answer.content).type == "document"


def test_the_queue_is_bounded_and_says_when_to_come_back():
    held = Held()
    with client(lambda: held, Admission(1, 1)) as server, ThreadPoolExecutor(2) as pool:
        until_ready(server)
        inside = [pool.submit(server.post, "/invocations", json=SICK) for _ in range(2)]
        assert held.at_work.acquire(timeout=10)
        while server.get("/ping").json()["inside"] < 2:
            time.sleep(0.01)
        refused = server.post("/invocations", json=SICK)
        assert (refused.status_code, refused.json()["code"]) == (429, "QUEUE_FULL")
        assert int(refused.headers["Retry-After"]) >= 1
        held.go.set()
        assert [answer.result().status_code for answer in inside] == [200, 200]
        assert server.get("/ping").json()["inside"] == 0


def test_a_neighbours_failure_hurts_nobody_and_tells_nothing(caplog):
    held = Held()
    with client(lambda: held) as server, ThreadPoolExecutor(1) as pool:
        until_ready(server)
        good = pool.submit(server.post, "/invocations", json=SICK)
        assert held.at_work.acquire(timeout=10)
        broken = server.post("/invocations", json={"complaint": SECRET})
        assert (broken.status_code, broken.json()) == (500, {"code": "INTERNAL", "message": "unexpected RuntimeError"})
        held.go.set()
        assert good.result().status_code == 200
        assert server.get("/ping").json()["inside"] == 0
    assert SECRET not in caplog.text


def test_admission_counts_and_learns():
    door = Admission(2, 1)
    places = [door.enter() for _ in range(3)]
    with pytest.raises(QueueFullError) as full:
        door.enter()
    assert full.value.retry_after_s == 5  # ten seconds, two workers
    for place in places:
        place.leave(0.1)
        place.leave(0.1)  # a place is given back once
    assert (door.inside, door.retry_after_s) == (0, 3)
    door.enter().leave()  # what was refused unread says nothing about how long a consultation takes
    assert door.retry_after_s == 3


def test_a_full_house_refuses_before_the_body_is_read():
    """Bodies that wait would hold the memory that the bound is there for."""
    held = Held()
    with client(lambda: held, Admission(1, 0)) as server, ThreadPoolExecutor(1) as pool:
        until_ready(server)
        inside = pool.submit(server.post, "/invocations", json=SICK)
        assert held.at_work.acquire(timeout=10)
        received = asyncio.run(ask(server.app, slow=True))
        assert (received["status"], received["read"]) == (429, 0)
        held.go.set()
        assert inside.result().status_code == 200


async def ask(app, *, body: bytes = b"{}", slow: bool = False, disconnect: bool = False) -> dict:
    """One request as the server hands it over; tells the status and how many pieces of the body were taken."""
    seen = {"read": 0, "status": None}

    async def receive():
        if disconnect:
            return {"type": "http.disconnect"}
        seen["read"] += 1
        return {"type": "http.request", "body": body, "more_body": slow and seen["read"] < 1_000}

    async def send(message):
        seen["status"] = message.get("status", seen["status"])

    scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": [], "query_string": b""}
    await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": "", "client": None}, receive, send)
    return seen


@pytest.mark.parametrize("content", [b"not json", b'{"vitals": {"spo2": 140}}', b'{"complaint": 7}'])
def test_a_place_comes_back_from_every_refusal(content):
    door = Admission(1, 0)
    with client(admission=door) as server:
        until_ready(server)
        assert server.post("/invocations", content=content).status_code == 400
        assert door.inside == 0


def test_a_caller_who_goes_away_gives_the_place_back():
    door = Admission(1, 0)
    with client(admission=door) as server:
        until_ready(server)
        asyncio.run(ask(server.app, disconnect=True))
        assert door.inside == 0


def test_a_body_that_does_not_arrive_gives_the_place_back(monkeypatch):
    monkeypatch.setattr("vaidya.deploy.http.BODY_S", 0.05)
    door = Admission(1, 0)

    async def never():
        await asyncio.sleep(30)

    async def stalled(app):
        status = []

        async def send(message):
            status.append(message.get("status"))

        scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": [], "query_string": b""}
        await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": "", "client": None}, never, send)
        return status[0]

    with client(admission=door) as server:
        until_ready(server)
        assert asyncio.run(stalled(server.app)) == 400
        assert door.inside == 0


def test_ping_answers_while_a_recording_is_fetched(monkeypatch):
    """A fetch from S3 that takes its time must not freeze /ping: SageMaker takes a silent container for dead."""
    fetching, go = threading.Event(), threading.Event()

    def slow(address, limits):
        fetching.set()
        assert go.wait(30)
        return b"no audio"

    monkeypatch.setattr("vaidya.registry.request.from_s3", slow)
    with client() as server, ThreadPoolExecutor(1) as pool:
        until_ready(server)
        answer = pool.submit(server.post, "/invocations", json={**SICK, "audio": "s3://clinic/a.wav"})
        assert fetching.wait(10)
        pinged = ThreadPoolExecutor(1).submit(server.get, "/ping")
        try:
            assert pinged.result(timeout=5).status_code == 200
        finally:
            go.set()
        assert answer.result().status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/invocations", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/ping", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_not_served_is_refused_with_a_code(server, method, path, status, code):
    answer = server.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n"),
        ("multipart/form-data; boundary=\xff", b"--"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_with_a_code(server, kind, body):
    answer = server.post("/invocations", content=body, headers={"Content-Type": kind.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "INTAKE")


def test_a_form_is_read_no_further_than_the_limit(server):
    start = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
    chunks = (start if i == 0 else b"0" * 100_000 for i in range(40))
    answer = server.post("/invocations", content=chunks, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["code"]) == (413, "AUDIO_TOO_LARGE")


def test_a_form_with_an_age_that_is_no_number_is_refused(server):
    answer = server.post("/invocations", data={"age": "nan", "complaint": "cough"}, files={"audio": b""})
    assert (answer.status_code, answer.json()["code"]) == (400, "PATIENT")


def test_base64_audio_over_the_limit_is_refused_before_it_is_decoded(server):
    sound = base64.b64encode(b"0" * 100_100).decode()
    answer = server.post("/invocations", json={"audio": sound})
    assert (answer.status_code, answer.json()["code"]) == (413, "AUDIO_TOO_LARGE")
