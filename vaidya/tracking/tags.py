"""The tags that every run carries: what code, settings, libraries and data made it."""

import hashlib

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.settings import repository_root
from vaidya.tracking.base import Scalar

LOCK_FILE = "constraints.txt"


def standard_tags(config: RunConfig, *, data_digest: str | None = None, seed: int | None = None) -> dict[str, Scalar]:
    """Code, settings, lock and data as tags; what is not known is None and left out by the tracker."""
    commit, dirty = provenance.git_state()
    return {
        "git_commit": commit,
        "dirty": dirty,
        "vaidya_version": provenance.version(),
        "package_digest": provenance.package_digest(),
        "lock_digest": lock_digest(),
        "data_digest": data_digest,
        "seed": seed,
        "profile": config.profile,
        "config_digest": config.digest,
        "prompt_version": config.note.prompt if config.note.writer == "model" else None,
        "llm": config.llm.weights or config.llm.model or config.llm.endpoint,
        "transcriber": config.transcript.weights,
    }


def lock_digest() -> str | None:
    """First 16 hex digits of the lock file's sha256; None outside a checkout."""
    path = repository_root() / LOCK_FILE
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else None
