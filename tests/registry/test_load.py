"""The registered model through MLflow's own loaders: whose code runs, what is left behind, what it may read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from vaidya.errors import ConfigError
from vaidya.registry import load
from vaidya.registry.audit import audit
from vaidya.registry.manifest import BYTECODE, write_manifest
from vaidya.registry.promote import promote
from vaidya.registry.store import downloaded
from vaidya.settings import settings

pytestmark = pytest.mark.usefixtures("registry")
ROW = {"complaint": "needs more tablets", "age": 40.0}
# As a deployer's script, or MLflow's scoring server, which loads in the same way: nothing of ours is imported before.
SCRIPT = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_registry_uri(sys.argv[1])
{load}
import vaidya
print(json.dumps([vaidya.__file__, answer]))
"""
LOADS = {
    "load_model": f"answer = mlflow.pyfunc.load_model(sys.argv[2]).predict([{ROW}])['record'][0] is not None",
    "scoring server": (
        "import os; os.environ['MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT'] = '60'\n"
        "from mlflow.pyfunc.scoring_server import init\n"
        "from fastapi.testclient import TestClient\n"
        "served = TestClient(init(mlflow.pyfunc.load_model(sys.argv[2])))\n"
        f"asked = served.post('/invocations', json={{'dataframe_records': [{ROW}]}}).json()\n"
        "answer = asked['predictions'][0]['error_code'] is None"
    ),
}


def in_a_fresh_process(script: str, *arguments: str, folder: Path, **environment: str):
    """A process that may write bytecode and knows no checkout."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    line = [sys.executable, "-c", script, os.environ["VAIDYA_TRACKING_URI"], *arguments]
    done = subprocess.run(line, env=inherited | environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("how", LOADS)
def test_plain_mlflow_runs_the_models_code_and_leaves_nothing_behind(registered, judged, tmp_path, how):
    """Twice, from the store itself: then nothing there differs from what was registered."""
    script = SCRIPT.format(load=LOADS[how])
    for _ in range(2):
        where, answered = in_a_fresh_process(script, registered.uri, folder=tmp_path)
        assert answered
        assert Path(where).parts[-3:] == ("code", "vaidya", "__init__.py")
    assert audit(registered.name) == []
    assert promote(registered.uri, gate=judged.gate).gate.passed


def test_no_folder_of_sources_can_hold_bytecode(registered):
    with downloaded(registered) as folder:
        parents = {path.parent for path in folder.rglob("*.py")}
        assert len(parents) > 10
        assert all((parent / BYTECODE).is_file() for parent in parents)


def test_code_that_is_not_the_models_own_does_not_run_it(registered, tmp_path, monkeypatch):
    """The process has the checkout's package; the model here carries another."""
    load(registered.uri, tmp_path / "same")
    with downloaded(registered) as folder:
        (folder / "code" / "vaidya" / "units.py").write_text("# another version\n")
        write_manifest(folder)
        with pytest.raises(ConfigError, match="this process runs code"):
            mlflow.pyfunc.load_model(str(folder))
        monkeypatch.setenv("VAIDYA_OTHER_CODE", "1")
        settings.cache_clear()
        assert mlflow.pyfunc.load_model(str(folder)).predict([ROW])["error_code"][0] is None
    monkeypatch.undo()
    settings.cache_clear()


def test_a_row_names_a_file_of_this_machine_only_below_the_folder_that_is_set(registered, tmp_path, monkeypatch):
    (tmp_path / "visits").mkdir()
    for name in ("secret.wav", "visits/visit.wav"):
        (tmp_path / name).write_bytes(b"not a recording")
    model = load(registered.uri, tmp_path / "model")

    def code(path: str) -> str:
        return model.predict([{"audio": (tmp_path / path).as_uri()}])["error_code"][0]

    assert code("visits/visit.wav") == "INTAKE"
    monkeypatch.setenv("VAIDYA_LOCAL_AUDIO_ROOT", str(tmp_path / "visits"))
    settings.cache_clear()
    assert code("visits/visit.wav") == "AUDIO_FORMAT"
    assert code("visits/../secret.wav") == "INTAKE"
    monkeypatch.undo()
    settings.cache_clear()
