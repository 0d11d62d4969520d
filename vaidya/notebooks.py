"""Notebooks that run unattended: papermill, made strict.

papermill only warns about a parameter that a notebook does not declare; here it is refused. A finished output is not
made again while the notebook's source, the parameters and the package are the same, so a run that was interrupted takes
up where it stopped. A failure leaves the partly executed notebook beside the others, as NAME.failed.ipynb.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from vaidya import backends, provenance
from vaidya.errors import ConfigError, NotebookError, UnknownParameterError
from vaidya.settings import repository_root
from vaidya.tracking.base import Run

KEY = "vaidya_key"


def notebook_path(name: str) -> Path:
    """A notebook by its name or number: `04_note_quality` or `04`; a path ending in .ipynb is taken as it is.

    Raises:
        ConfigError: there is none, or several.
    """
    if name.endswith(".ipynb"):
        found = [path for path in [Path(name)] if path.is_file()]
    else:
        found = sorted((repository_root() / "notebooks").glob(f"{name}*.ipynb"))
    if len(found) != 1:
        known = ", ".join(sorted(path.stem for path in (repository_root() / "notebooks").glob("*.ipynb")))
        raise ConfigError(f"{name!r} names {len(found)} notebooks, one is needed; there are {known or 'none here'}")
    return found[0]


def run_notebook(
    name: str,
    parameters: Mapping[str, Any],
    folder: Path,
    *,
    run: Run | None = None,
    progress: bool = True,
) -> Path:
    """Execute a notebook with parameters into `folder`, or take the finished output that is there; returns its path.

    run: when given, the notebook is an arm below it: parameters logged, executed notebook kept, FAILED when it fails.

    Raises:
        UnknownParameterError: the notebook declares no such parameter.
        NotebookError: a cell failed.
    """
    source = notebook_path(name)
    refuse_unknown(source, parameters)
    output = folder / source.name
    key = cache_key(source, parameters)
    arm: AbstractContextManager[Run | None] = run.nested(source.stem) if run else nullcontext()
    with arm as opened:
        if not is_finished(output, key):
            _execute(source, output, parameters, key, progress=progress)
        if opened is not None:
            opened.params({name: str(value) for name, value in parameters.items()})
            opened.artifact(output, "notebooks")
    return output


def refuse_unknown(source: Path, parameters: Mapping[str, Any]) -> None:
    """Raises UnknownParameterError for a parameter that the notebook's parameters cell does not assign."""
    declared = _papermill().inspect_notebook(str(source)).keys()
    unknown = sorted(parameters.keys() - declared)
    if unknown:
        raise UnknownParameterError(
            f"{source.name} has no parameter {', '.join(unknown)}; it declares {', '.join(sorted(declared)) or 'none'}"
        )


def cache_key(source: Path, parameters: Mapping[str, Any]) -> str:
    """Digest of everything that decides an output: cells, parameters, and every file of this package."""
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(source.read_bytes())["cells"]]
    whole = json.dumps([cells, dict(parameters), provenance.package_digest()], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def is_finished(output: Path, key: str) -> bool:
    """Whether `output` was executed to its end with this key."""
    if not output.is_file():
        return False
    return json.loads(output.read_bytes()).get("metadata", {}).get(KEY) == key


def _execute(source: Path, output: Path, parameters: Mapping[str, Any], key: str, *, progress: bool) -> None:
    papermill = _papermill()
    output.parent.mkdir(parents=True, exist_ok=True)
    failed = output.with_suffix(".failed.ipynb")
    try:
        papermill.execute_notebook(
            str(source),
            str(failed),
            dict(parameters),
            cwd=str(repository_root()),
            progress_bar={"desc": source.stem, "leave": False} if progress else False,
        )
    except papermill.exceptions.PapermillExecutionError as error:
        # The error's own text quotes the cell and its output, which may be a patient's words.
        raise NotebookError(
            f"{source.name}: cell {error.exec_count} failed with {error.ename}; the executed cells are in {failed}"
        ) from None
    _seal(failed, output, key)


def _seal(executed: Path, output: Path, key: str) -> None:
    """Mark an executed notebook as finished and put it in its place."""
    notebook = json.loads(executed.read_bytes())
    notebook["metadata"][KEY] = key
    executed.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
    executed.replace(output)


def _papermill() -> Any:
    try:
        import papermill
    except ModuleNotFoundError as error:
        raise backends.missing(error, "notebooks") from error
    return papermill
