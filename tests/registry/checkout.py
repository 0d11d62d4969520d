"""A checkout of a test's own: an empty store and a gate; the real ones are not touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vaidya.settings import settings

GATE = """
gate: test
description: under-triage on the dozen
checks:
  - {metric: under_triage, dataset: cases, bound: value, at_most: 0.3, min_n: 3, reason: rules must be on}
"""


def lay_out(folder: Path, repository: Path, cases: tuple[str, ...] = ("",)) -> Path:
    """Makes the checkout. cases: what is seen of `eval/cases/`; everything if nothing is named."""
    judgement = (f"eval/{path.name}" for path in (repository / "eval").iterdir() if path.name not in ("cases", "gates"))
    seen = (f"eval/cases/{case}".rstrip("/") for case in cases)
    for name in ("pyproject.toml", "constraints.txt", *judgement, *seen):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).symlink_to(repository / name)
    for name in ("experiments", "eval/gates"):
        (folder / name).mkdir()
    (folder / "eval" / "gates" / "test.yaml").write_text(GATE)
    return folder


@contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """Within the block the process works in the checkout and with its store; no other test sees anything of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # For servers, which are started from other folders.
        patch.setenv("VAIDYA_TRACKING_URI", f"sqlite:///{folder / 'experiments' / 'mlflow.db'}")
        settings.cache_clear()
        yield folder
    settings.cache_clear()
