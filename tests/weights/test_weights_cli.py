import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vaidya.cli.doctor import diagnose
from vaidya.cli.weights import app
from vaidya.config import load_profile
from vaidya.errors import WeightsError, WeightsHashError
from vaidya.weights import table

runner = CliRunner()


def test_list_shows_every_entry_as_json(machine: Path) -> None:
    done = runner.invoke(app, ["list", "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == list(table())
    assert {row["state"] for row in rows} <= {"ready", "missing"}


def test_list_is_readable_without_colours(machine: Path) -> None:
    done = runner.invoke(app, ["list", "yamnet-w8a8"], catch_exceptions=False)
    assert "yamnet-w8a8" in done.stdout
    assert "missing" in done.stdout


def test_verify_of_something_that_is_not_here_fails(machine: Path) -> None:
    done = runner.invoke(app, ["verify", "silero-vad-v6"])
    assert isinstance(done.exception, WeightsError)
    assert "not on this machine: silero-vad-v6" in str(done.exception)


@pytest.mark.weights
def test_pull_verify_damage_and_pull_again(machine: Path, yamnet_weights: object) -> None:
    done = runner.invoke(app, ["pull", "yamnet-w8a8", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)[0]["state"] == "ready"
    runner.invoke(app, ["verify", "yamnet-w8a8"], catch_exceptions=False)
    damaged = machine / "weights" / "yamnet-w8a8" / "yamnet_class_map.csv"
    damaged.write_bytes(b"damaged")
    refused = runner.invoke(app, ["verify", "yamnet-w8a8"])
    assert isinstance(refused.exception, WeightsHashError)
    done = runner.invoke(app, ["pull", "--force", "yamnet-w8a8", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)[0]["state"] == "ready"


def test_doctor_says_what_each_part_needs(machine: Path) -> None:
    found = diagnose(load_profile("cpu"))
    assert found.state != "ready"
    todo = {part.part: " ".join(part.todo) for part in found.parts}
    assert "vaidya weights pull faster-whisper-medium" in todo["transcript"]
    assert "https://huggingface.co/google/hear-pytorch" in todo["acoustic"]
    assert "https://huggingface.co/google/medgemma-4b-it" in todo["llm"]


def test_doctor_finds_no_server_where_none_answers(machine: Path) -> None:
    config = load_profile("embedded").override(
        {"llm.backend": "openai", "llm.weights": None, "llm.base_url": "http://127.0.0.1:9/v1"}
    )
    llm = diagnose(config).parts[2]
    assert llm.state == "not ready"
    assert llm.todo == ("no server answers at http://127.0.0.1:9/v1: start it",)


def test_doctor_asks_for_the_accelerator_that_a_profile_names(machine: Path) -> None:
    from vaidya.provenance import hardware

    if "NVIDIA" in (hardware().accelerator or ""):
        pytest.skip("this machine has the accelerator")
    transcript = diagnose(load_profile("g5")).parts[0]
    assert transcript.state == "not ready"
    assert "no NVIDIA accelerator" in transcript.todo[0]
