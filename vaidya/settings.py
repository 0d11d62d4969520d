"""What this machine has: folders, tokens, addresses. Read from the environment (`VAIDYA_…`), never from a profile.

Nothing here changes a record; what does is in `vaidya.config`.
"""

from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment of a run.

    data: folder of evaluation data (`VAIDYA_DATA`, layout in data/README.md). cache: where weights are kept.
    weights_dir: a folder of weight folders by name, searched first. offline: never ask the hub or a package registry.
    hub_timeout_s: connect timeout for the hub, short, so that a machine behind a firewall falls back at once.
    local_audio_root: the only folder from which a registered model reads `file://` addresses; without it, none.
    other_code: let a registered model run on code that is not its own, in a process that has loaded other code.
    """

    model_config = SettingsConfigDict(env_prefix="VAIDYA_", env_file=".env", extra="ignore")

    data: Path | None = None
    cache: Path = Field(default_factory=lambda: user_cache_path("vaidya"))
    weights_dir: Path | None = None
    offline: bool = False
    hub_timeout_s: float = 3.0
    tracking_uri: str | None = None
    api_key: str | None = Field(default=None, repr=False)
    aws_region: str | None = None
    local_audio_root: Path | None = None
    other_code: bool = False


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def repository_root() -> Path:
    """The checkout that the user works in: the nearest folder upwards with `experiments/` and `eval/`, else here.

    Runs, the tracking store and cases live beside the package, not in it.
    """
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if (folder / "eval" / "suites").is_dir() and (folder / "experiments").is_dir():
            return folder
    return here
