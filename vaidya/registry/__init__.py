"""A judged pipeline -> an MLflow model that can be trusted: registered, promoted through a gate, audited.

Goes in: an evaluation run. Comes out: `models:/vaidya@champion`, a card, a ledger of decisions, and files that are
verified before anything in them is executed.
"""

from pathlib import Path

from vaidya.registry.store import CHAMPION, NAME, version

__all__ = ["CHAMPION", "NAME", "evaluation_run_of", "load", "version"]


def evaluation_run_of(name: str) -> str | None:
    """The evaluation run behind a registered alias (`champion`) or address; None when there is no such version."""
    from vaidya.registry.binding import run_of

    return run_of(name if "/" in name or "@" in name or name.isdigit() else f"@{name}")


def load(uri: str, folder: Path) -> object:
    """The MLflow model of a registered address, its files verified first; they are kept in `folder`.

    Raises:
        ArtifactError: a file is not what was registered; nothing of it was executed.
    """
    from vaidya.registry.store import fetch
    from vaidya.tracking.mlflow import connect

    path = fetch(version(uri), folder)
    return connect().pyfunc.load_model(str(path))
