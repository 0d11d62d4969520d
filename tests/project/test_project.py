"""The project as a whole: one place for each fact, notebooks that are thin, nothing of one machine in the tree."""

import ast
import json
import re
import shutil
import statistics
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from vaidya import backends
from vaidya.acoustic.head import events_name, find_card
from vaidya.cli.doctor import LIBRARIES, PARTS
from vaidya.config import load_profile, profile_names
from vaidya.registry.build import requirements
from vaidya.schema.export import drifted
from vaidya.weights import needed_by

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "experiments").glob("*.ipynb"))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def locked() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if "==" in line)


def test_conda_names_the_locked_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    pinned = dict(entry.split("==") for entry in pip if "==" in entry)
    assert pinned
    assert pinned == {name: locked()[name] for name in pinned}


def required_by(extra: str) -> set[str]:
    """Distributions that an extra brings, extras that it names included."""
    found = set()
    for requirement in EXTRAS[extra]:
        name, _, rest = requirement.partition("[")
        nested = rest.partition("]")[0].split(",") if name == "vaidya" else []
        found |= set().union(*map(required_by, nested)) if nested else {re.split(r"[\[=<>~!]", requirement)[0]}
    return found


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_has_an_extra_with_all_that_it_imports(name):
    config = load_profile(name)
    backends = [*(getattr(config, part).backend for part in PARTS), config.acoustic.events]
    used = {library for backend in backends for library in LIBRARIES.get(backend, ())}
    assert {library.replace("_", "-") for library in used} <= required_by(name)


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_names_coughs(name):
    acoustic = load_profile(name).acoustic
    assert find_card(acoustic.head or events_name(acoustic.events or acoustic.backend)) is not None
    assert "yamnet-w8a8" in needed_by(load_profile(name))
    assert any(line.startswith("onnxruntime==") for line in requirements(load_profile(name)))


def test_every_extra_that_an_error_names_exists():
    assert set(backends.EXTRAS.values()) <= EXTRAS.keys()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize(
    ("profile", "extra"), [("embedded", "embedded"), ("g5", "g5"), ("cpu", "cpu"), ("mine.yaml", "embedded")]
)
def test_make_bench_installs_what_the_profile_needs(profile, extra, tmp_path):
    planned = subprocess.run(
        ["make", "-n", "bench", f"PROFILE={profile}", f"VENV={tmp_path}/venv"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"-e '.[{extra}]'" in planned
    assert f"--profile {profile}" in planned
    assert "--quiet" not in planned


def test_the_users_packages_are_locked():
    named = (
        "jupyterlab papermill torch transformers faster-whisper datasets evaluate pandas sagemaker mlflow pytest nbval"
    )
    assert set(named.split()) <= locked().keys()


def test_the_tree_has_the_users_top_level_names():
    for name in ("notebooks", "vaidya", "eval", "experiments", "data/README.md", "environment.yml", "tests"):
        assert (ROOT / name).exists(), name


def test_exported_schemas_are_what_the_code_says():
    assert drifted() == []


@pytest.mark.parametrize("name", profile_names())
def test_profiles_are_valid_and_named_as_their_files(name):
    assert load_profile(name).profile == name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_thin(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in code]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code), "outputs are not kept in git"
    assert all(source.count("\n") < 20 for source in sources), "a cell of more than 20 lines"
    assert not any(re.search(r"^\s*(def|class) ", source, re.M) for source in sources), "code belongs in the package"
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
    assert any("assert" in source for source in sources), "a notebook that cannot fail shows nothing"


def test_nothing_of_one_machine_or_registry_is_committed():
    forbidden = re.compile(r"/work/|/root/|index-url|find-links|file:///opt|pypi\.org/simple", re.I)
    this = Path(__file__).name
    texts = (
        path for path in tracked() if path.suffix in {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".ipynb", ""}
    )
    found = [
        str(path.relative_to(ROOT)) for path in texts if path.name != this and forbidden.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_functions_stay_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in (ROOT / "vaidya").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    assert statistics.median(lengths) <= 12


def test_every_gated_metric_has_a_card():
    gates = [yaml.safe_load(path.read_text()) for path in (ROOT / "eval" / "gates").glob("*.yaml")]
    metrics = {check["metric"] for gate in gates for check in [*gate["checks"], *gate.get("against", [])]}
    missing = [metric for metric in metrics if not (ROOT / "eval" / "cards" / f"{metric}.md").exists()]
    assert missing == []
