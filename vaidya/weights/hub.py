"""Weights from the Hugging Face hub, at a pinned revision, kept in the hub library's own cache (`HF_HOME`)."""

import threading
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

from vaidya.errors import WeightsError
from vaidya.settings import settings
from vaidya.weights.entries import Entry, HubRow


def from_hub(entry: Entry, hub: HubRow, *, network: bool) -> dict[str, Path]:
    """Files of an entry by our name, downloaded first when `network` allows and they are not in the hub's cache.

    A token is found where the hub library looks for it: HF_TOKEN, or `hf auth login`.

    Raises:
        WeightsError: the hub has no answer, no such file, or wants a licence accepted.
    """
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError

    wanted = [row.hub or name for name, row in entry.files.items()] or list(hub.allow)
    try:
        folder = huggingface_hub.snapshot_download(
            hub.repository,
            revision=hub.revision,
            allow_patterns=wanted,
            local_files_only=not network,
            etag_timeout=settings().hub_timeout_s,
        )
    except GatedRepoError as error:
        raise WeightsError(
            f"{hub.repository} is gated: accept its licence at https://huggingface.co/{hub.repository}, "
            "then set HF_TOKEN"
        ) from error
    except LocalEntryNotFoundError as error:
        raise WeightsError(f"{hub.label}: not in the hub's cache on this machine") from error
    except Exception as error:  # the library and its transport raise a dozen unrelated types; any means "not from here"
        raise WeightsError(f"{hub.label}: {type(error).__name__}") from error
    return _files(entry, hub, Path(folder))


def _files(entry: Entry, hub: HubRow, folder: Path) -> dict[str, Path]:
    if entry.files:
        found = {name: folder / (row.hub or name) for name, row in entry.files.items()}
    else:
        names = (path for path in sorted(folder.rglob("*")) if path.is_file())
        relative = {path.relative_to(folder).as_posix(): path for path in names}
        found = {name: path for name, path in relative.items() if any(fnmatch(name, p) for p in hub.allow)}
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing or not found:
        raise WeightsError(f"{hub.label}: the snapshot lacks {', '.join(missing) or 'every file'}")
    return found


def blocked() -> str | None:
    """Why the hub is not worth asking, None when it answers; asked once a process."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    limit_s = settings().hub_timeout_s
    return None if _answers(constants.ENDPOINT, limit_s) else f"it does not answer; limit {limit_s:g} s"


@lru_cache(maxsize=4)
def _answers(endpoint: str, timeout_s: float) -> bool:
    """Whether the hub answers at all. A thread, because looking up a name can hang longer than any connect timeout."""
    import httpx

    answered = threading.Event()

    def ask() -> None:
        try:
            httpx.head(endpoint, timeout=timeout_s, follow_redirects=False)
        except (httpx.HTTPError, OSError):
            return
        answered.set()

    asking = threading.Thread(target=ask, daemon=True, name="vaidya-hub-probe")
    asking.start()
    asking.join(timeout_s)
    return answered.is_set()
