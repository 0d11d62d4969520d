"""The load script's verdict: what it must not pass over."""

import importlib.util
import json

import pytest

from vaidya.deploy.local import free_port

GOOD = {
    "clients": 8,
    "capacity": 20,
    "statuses": {200: 40},
    "transport_errors": {},
    "answered": 40,
    "memory_mib_second_quarter": 900.0,
    "memory_mib_last_quarter": 910.0,
}


@pytest.fixture(scope="module")
def load(repository):
    spec = importlib.util.spec_from_file_location("deploy_load", repository / "deploy" / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_good_run_has_no_failures(load):
    assert load.failures(GOOD, 64.0) == []
    # Over the bound a refusal is right.
    assert load.failures({**GOOD, "capacity": 4, "statuses": {200: 40, 429: 3}}, 64.0) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"statuses": {200: 40, 500: 1}}, "1 answers with status 500"),
        ({"statuses": {200: 40, 503: 2}}, "2 answers with status 503"),
        ({"transport_errors": {"ReadError": 3}}, "3 transport errors ReadError"),
        ({"statuses": {200: 40, 429: 2}}, "2 refusals although 8 callers are within 20 places"),
        ({"memory_mib_last_quarter": 1000.0}, "memory grew by 100.0 MiB; 64 are allowed"),
        ({"answered": 0, "statuses": {400: 9}}, "nothing was answered"),
    ],
)
def test_what_a_load_must_not_show(load, changed, reason):
    assert load.failures({**GOOD, **changed}, 64.0) == [reason]


def test_a_server_that_is_not_there_is_a_failure(load, capsys, repository, monkeypatch):
    monkeypatch.chdir(repository)
    monkeypatch.setattr(load, "SAMPLE_S", 0.01)
    with pytest.raises(SystemExit) as ended:
        load.main([f"http://127.0.0.1:{free_port()}", "--minutes", "0.002", "--clients", "2"])
    report = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert report["transport_errors"]["ConnectError"] >= 2


def test_an_address_or_a_model_is_needed(load):
    with pytest.raises(SystemExit):
        load.main([])
