"""An artifact that is not what was registered is refused before anything in it is executed: one test a poison."""

import io
import json
import os
import pickle
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from vaidya.errors import ArtifactError
from vaidya.registry.manifest import MANIFEST, verify, write_manifest

FILES = {
    "MLmodel": "flavors: {}\n",
    "requirements.txt": "mlflow==3.17.2\n",
    "vaidya_model.py": "print('loaded')\n",
    "code/vaidya/__init__.py": "",
    "code/vaidya/triage/red_flags.yaml": "chest_pain: {tier: EMERGENCY}\n",
    "artifacts/model/config.json": '{"profile": "embedded"}',
    "artifacts/model/weights.json": '[{"name": "base", "sha256": "aa"}]',
    "artifacts/model/prompts/soap-v1.md": "Write the note.\n",
    "artifacts/model/json/triage_record.json": "{}",
    "artifacts/model/card.md": "# card\n",
    "artifacts/model/weights/base/model.bin": "\x06\x00\x00\x00weights",
}


@pytest.fixture
def artifact(tmp_path):
    """A folder like a registered model, and the sha256 of its manifest."""
    folder = tmp_path / "model"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1")
    return folder, write_manifest(folder)


def change(name, text):
    return lambda folder: (folder / name).write_text(text)


def add(name, content):
    def poison(folder):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return poison


def remove(name):
    return lambda folder: (folder / name).unlink()


def link(name, to):
    def poison(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return poison


def edit_manifest(edit):
    """Change the manifest alone."""

    def poison(folder):
        path = folder / MANIFEST
        content = json.loads(path.read_text())
        edit(content)
        path.write_text(json.dumps(content))

    return poison


def forge(*poisons):
    """Change files, then write a manifest that agrees with them: only its own sha256 tells."""

    def poison(folder):
        for one in poisons:
            one(folder)
        files = {
            p.relative_to(folder).as_posix(): sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*")
            if p.is_file() and p.name != MANIFEST
        }
        (folder / MANIFEST).write_text(json.dumps({"format": 1, "files": files}))

    return poison


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({"weight": 1}))
    return target.getvalue()


def objects() -> bytes:
    target = io.BytesIO()
    np.save(target, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return target.getvalue()


def special(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


def duplicate_names(folder: Path) -> None:
    path = folder / MANIFEST
    text = path.read_text().rstrip().removesuffix("}").rstrip()
    path.write_text(text + ', "files": {"MLmodel": "00"}}')


PICKLE = pickle.dumps({"weights": [1, 2, 3]})
POISONS = {
    "weights changed": change("artifacts/model/weights/base/model.bin", "other weights"),
    "weights truncated": change("artifacts/model/weights/base/model.bin", "\x06"),
    "weights missing": remove("artifacts/model/weights/base/model.bin"),
    "weights replaced by a pickle": add("artifacts/model/weights/base/model.bin", PICKLE),
    "weights replaced by a torch archive": add("artifacts/model/weights/base/model.bin", archive()),
    "prompt changed": change("artifacts/model/prompts/soap-v1.md", "Always answer ROUTINE."),
    "prompt missing": remove("artifacts/model/prompts/soap-v1.md"),
    "configuration swapped": change("artifacts/model/config.json", '{"profile": "cpu"}'),
    "pins swapped": change("artifacts/model/weights.json", '[{"name": "base", "sha256": "bb"}]'),
    "schema changed": change("artifacts/model/json/triage_record.json", '{"x": 1}'),
    "card changed": change("artifacts/model/card.md", "# approved for everything"),
    "red flags changed": change("code/vaidya/triage/red_flags.yaml", "{}"),
    "package changed": change("code/vaidya/__init__.py", "import os"),
    "model code changed": change("vaidya_model.py", "import os"),
    "loader changed": change("MLmodel", "flavors: {python_function: {loader_module: evil}}"),
    "requirements changed": change("requirements.txt", "evil==1.0"),
    "module added": add("code/vaidya/extra.py", b"import os"),
    "module added that Python runs by itself": add("code/sitecustomize.py", b"import os"),
    "path file added": add("code/evil.pth", b"import os"),
    "compiled code added": add("code/vaidya/__pycache__/x.cpython-311.pyc", b"\xa7\r\r\n"),
    "library added": add("code/vaidya/x.so", b"\x7fELF"),
    "hidden file added": add(".hidden.json", b"{}"),
    "pickle added": forge(add("artifacts/model/model.pkl", PICKLE)),
    "joblib added": forge(add("artifacts/model/probe.joblib", PICKLE)),
    "pickle under another name": forge(add("artifacts/model/extra.json", PICKLE)),
    "numpy objects under another name": forge(add("artifacts/model/extra.bin", objects())),
    "archive under another name": forge(add("artifacts/model/extra.safetensors", archive())),
    "checkpoint added": forge(add("artifacts/model/model.pt", archive())),
    "file replaced by a link out": link("artifacts/model/config.json", "/etc/hostname"),
    "link added": link("artifacts/model/other.json", "config.json"),
    "special file added": special,
    "manifest missing": remove(MANIFEST),
    "manifest not JSON": change(MANIFEST, "{"),
    "manifest empty": change(MANIFEST, '{"format": 1, "files": {}}'),
    "manifest of another format": edit_manifest(lambda m: m.update(format=2)),
    "manifest with a name twice": duplicate_names,
    "manifest replaced by a link": link(MANIFEST, "MLmodel"),
    "traversal in the manifest": edit_manifest(lambda m: m["files"].update({"../../outside.json": "00"})),
    "absolute path in the manifest": edit_manifest(lambda m: m["files"].update({"/etc/passwd.json": "00"})),
    "backslashes in the manifest": edit_manifest(lambda m: m["files"].update({"..\\x.json": "00"})),
    "file left out of the manifest": edit_manifest(lambda m: m["files"].pop("vaidya_model.py")),
    "digest replaced in the manifest": edit_manifest(lambda m: m["files"].update({"MLmodel": "00"})),
    "digest that is no text": edit_manifest(lambda m: m["files"].update({"MLmodel": 7})),
    "everything forged together": forge(change("artifacts/model/config.json", '{"profile": "evil"}')),
    "code and manifest forged together": forge(change("vaidya_model.py", "import os")),
}
# What a forger of files and manifest can only be caught at by the sha256 that is kept elsewhere.
NEEDS_EXPECTED = {"everything forged together", "code and manifest forged together"}


def test_there_are_thirty_poisons_at_least():
    assert len(POISONS) >= 30


def test_an_untouched_artifact_is_accepted(artifact):
    folder, manifest = artifact
    verify(folder, manifest)
    verify(folder, None)
    (folder / "registered_model_meta").write_text("model_name: vaidya")  # MLflow's own, written on download
    verify(folder, manifest)


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())
def test_a_poisoned_artifact_is_refused(artifact, poison):
    folder, manifest = artifact
    poison(folder)
    with pytest.raises(ArtifactError):
        verify(folder, manifest)


@pytest.mark.parametrize("name", [name for name in POISONS if name not in NEEDS_EXPECTED])
def test_most_are_refused_even_where_nobody_knows_the_manifest(artifact, name):
    folder, _ = artifact
    POISONS[name](folder)
    with pytest.raises(ArtifactError):
        verify(folder, None)


@pytest.mark.parametrize("poison", ["pickle added", "file replaced by a link out", "library added"])
def test_what_would_be_refused_is_not_registered_either(artifact, poison):
    folder, _ = artifact
    POISONS[poison](folder)
    with pytest.raises(ArtifactError):
        write_manifest(folder)
