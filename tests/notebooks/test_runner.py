"""The strict runner: unknown parameters, failures, and work that is not done twice."""

import json
from pathlib import Path

import pytest

from vaidya.errors import ConfigError, NotebookError, UnknownParameterError
from vaidya.notebooks import cache_key, is_finished, notebook_path, run_notebook
from vaidya.tracking.jsonl import JsonlTracker


def write_notebook(path: Path, *cells: str) -> Path:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    body = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {"tags": ["parameters"] if i == 0 else []},
         "source": [source], "outputs": [], "execution_count": None}
        for i, source in enumerate(cells)
    ]  # fmt: skip
    content = {"cells": body, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def counting(tmp_path):
    """A notebook that leaves one line in a file each time it runs, and fails when told to."""
    return write_notebook(
        tmp_path / "count.ipynb",
        "target = ''\nfail = False",
        "from pathlib import Path\nwith Path(target).open('a') as file:\n    file.write('ran\\n')",
        "if fail:\n    raise ValueError('my name is Sita')",
    )


def test_a_misspelt_parameter_is_refused_before_anything_runs(counting, tmp_path):
    with pytest.raises(UnknownParameterError, match=r"tarqet.*declares fail, target"):
        run_notebook(str(counting), {"tarqet": "x"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_finished_output_is_reused_until_something_changes(counting, tmp_path):
    marks = tmp_path / "marks"
    for _ in range(2):
        output = run_notebook(str(counting), {"target": str(marks)}, tmp_path / "out", progress=False)
    assert marks.read_text() == "ran\n"
    assert is_finished(output, cache_key(counting, {"target": str(marks)}))
    assert cache_key(counting, {"target": "other"}) != cache_key(counting, {"target": str(marks)})
    before = cache_key(counting, {})
    write_notebook(counting, "target = ''", "1 + 1")
    assert cache_key(counting, {}) != before


def test_a_failure_names_the_cell_quotes_nothing_and_fails_the_run(counting, tmp_path):
    tracker = JsonlTracker(tmp_path / "runs")
    parameters = {"target": str(tmp_path / "marks"), "fail": True}
    with pytest.raises(NotebookError, match="ValueError") as caught, tracker.run("bench") as run:
        run_notebook(str(counting), parameters, tmp_path / "out", run=run, progress=False)
    assert "Sita" not in str(caught.value)
    assert (tmp_path / "out" / "count.failed.ipynb").exists()
    assert not (tmp_path / "out" / "count.ipynb").exists()
    ends = [json.loads(path.read_text().splitlines()[-1]) for path in tracker.folder.glob("*/run.jsonl")]
    assert [end["status"] for end in ends] == ["FAILED", "FAILED"]


def test_the_executed_notebook_is_kept_with_its_run(counting, tmp_path):
    tracker = JsonlTracker(tmp_path / "runs")
    with tracker.run("bench") as run:
        run_notebook(str(counting), {"target": str(tmp_path / "m")}, tmp_path / "out", run=run, progress=False)
    assert list(tracker.folder.glob("*/notebooks/count.ipynb"))


def test_a_name_must_name_one_notebook(monkeypatch, repository):
    monkeypatch.chdir(repository)
    with pytest.raises(ConfigError, match="names 0 notebooks"):
        notebook_path("no_such_notebook")
