"""The container's recipe: linted, and held to what deployment relies on. No Docker engine is needed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def dockerfile(repository) -> str:
    return (repository / "deploy" / "Dockerfile").read_text()


def test_hadolint_finds_nothing(repository):
    linter = Path(sys.executable).parent / "hadolint"
    found = subprocess.run(
        [str(linter), "deploy/Dockerfile"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_the_base_is_cuda_and_pinned(dockerfile):
    assert re.search(r"^FROM nvidia/cuda:\d+\.\d+\.\d+-cudnn-runtime-\S+$", dockerfile, re.M)


def test_python_is_a_released_one(dockerfile):
    """Ubuntu 22.04's python3.11 is 3.11.0rc1."""
    assert re.search(r"^FROM \S+-ubuntu24\.04$", dockerfile, re.M)
    assert re.search(r"uv python install 3\.11\.\d+ ", dockerfile)


def test_it_does_not_run_as_root(dockerfile):
    assert re.findall(r"^USER (.*)$", dockerfile, re.M)[-1] == "10001"


def test_no_weights_are_baked_unless_asked(dockerfile):
    assert 'ARG WEIGHTS=""' in dockerfile
    assert dockerfile.index("USER 10001") < dockerfile.index("weights pull")


def test_it_takes_sagemakers_argument_and_signal(dockerfile):
    assert 'ENTRYPOINT ["python", "-m", "vaidya.deploy.launch"]' in dockerfile
    assert 'CMD ["serve"]' in dockerfile
    assert "STOPSIGNAL SIGTERM" in dockerfile


def test_only_what_the_image_needs_is_sent_to_the_builder(repository, dockerfile):
    lines = (repository / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    # What is copied from another image is not sent.
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.M) for word in line.split()[:-1]}
    assert {f"!{name}" for name in copied} <= set(lines)


def test_the_extras_exist(repository, dockerfile):
    import tomllib

    extras = re.search(r"ARG EXTRAS=(\S+)", dockerfile).group(1).split(",")
    known = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras) <= known.keys()


def test_the_container_refuses_another_argument(tmp_path):
    line = [sys.executable, "-m", "vaidya.deploy.launch", "train"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("CONFIG: the container takes the argument 'serve'")


def test_the_container_says_what_is_missing_when_nobody_vouches_for_its_model(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in ("VAIDYA_MANIFEST_SHA256", "VAIDYA_UNVERIFIED")}
    line = [sys.executable, "-m", "vaidya.deploy.launch", "serve"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("CONFIG: VAIDYA_MANIFEST_SHA256 is not set")
