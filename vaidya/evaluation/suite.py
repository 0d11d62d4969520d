"""A suite: which cases, which arms, which metrics. Declared in `eval/suites/NAME.yaml`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from vaidya.config import Section
from vaidya.errors import ConfigError
from vaidya.settings import repository_root

# How a case enters the pipeline: its recording; its reference turns, natively or in English, which replace the
# transcript stage; or its typed complaint and vital signs alone. `listen` is no consultation: the sound stage is judged
# by itself, every encoder on folds of subjects (vaidya.evaluation.acoustic_table).
Entry = Literal["auto", "audio", "gold", "english", "complaint", "listen"]

SCORERS = {
    "transcript": "vaidya.evaluation.transcript:score_transcript",
    "acoustic": "vaidya.evaluation.acoustic:score_acoustic",
    "note": "vaidya.evaluation.note:score_note",
    "triage": "vaidya.evaluation.triage:score_triage",
    "latency": "vaidya.evaluation.latency:score_latency",
    "metamorphic": "vaidya.evaluation.metamorphic:score_metamorphic",
    "attribution": "vaidya.evaluation.attribution:score_attribution",
}


class DatasetSpec(Section):
    """One dataset of a suite. limit: the first N cases in a fixed shuffled order; what was left out is reported.

    split: only the part of this name. not_split: every part without this word in its name, so that `train` leaves what
    is held out, by whichever name a copy of the set has it (valid, test1, test2).
    overrides: settings for this dataset alone, by dotted name, with the reason beside them in the file.
    changed: beside each case taken, every change of `vaidya.evaluation.perturb` that applies to it.
    """

    name: str
    entry: Entry = "auto"
    split: str | None = None
    not_split: str | None = None
    limit: Annotated[int | None, Field(ge=1)] = None
    overrides: dict[str, Any] = {}
    scorers: tuple[str, ...] | None = None
    changed: bool = False


class ArmSpec(Section):
    """A variant of the pipeline: another entry point, or settings changed; for attribution and ablation."""

    name: str
    entry: Entry | None = None
    overrides: dict[str, Any] = {}
    datasets: tuple[str, ...] | None = None


class Suite(Section):
    """What is judged. baselines: names known to `vaidya.evaluation.baseline`; each is an arm `baseline:NAME`."""

    suite: str
    description: str
    datasets: tuple[DatasetSpec, ...]
    arms: tuple[ArmSpec, ...] = (ArmSpec(name="vaidya"),)
    baselines: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()
    seed: int = 7
    minutes: float | None = None

    def only(self, datasets: tuple[str, ...] = (), arms: tuple[str, ...] = ()) -> "Suite":
        """The suite on some of its datasets, by some of its arms; all of them where none is named.

        Raises:
            ConfigError: a name is not one of the suite's.
        """
        chosen = self.model_copy(update={"datasets": self._named("dataset", self.datasets, datasets)})
        return chosen.model_copy(update={"arms": self._named("arm", self.arms, arms)})

    def _named(self, kind: str, known: tuple[Any, ...], names: tuple[str, ...]) -> tuple[Any, ...]:
        unknown = set(names) - {spec.name for spec in known}
        if unknown:
            have = ", ".join(spec.name for spec in known)
            raise ConfigError(f"suite {self.suite!r} has no {kind} {sorted(unknown)}; it has {have}")
        return tuple(spec for spec in known if spec.name in names) if names else known

    def beside(self, baselines: tuple[str, ...]) -> "Suite":
        """The suite with these baselines in place of its own.

        Raises:
            ConfigError: one is not known; said before any case is run.
        """
        known = baseline_names()
        unknown = [name for name in baselines if name not in known]
        if unknown:
            raise ConfigError(f"no baseline {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
        return self.model_copy(update={"baselines": baselines})


def baseline_names() -> tuple[str, ...]:
    """Every baseline."""
    from vaidya.evaluation.baseline import BASELINES

    return tuple(BASELINES)


def suite_folder() -> Path:
    """Where suites are declared."""
    return repository_root() / "eval" / "suites"


def suite_names() -> list[str]:
    """Every declared suite."""
    return sorted(path.stem for path in suite_folder().glob("*.yaml"))


def load_suite(name: str) -> Suite:
    """A suite by name, or by path to a YAML file.

    Raises:
        ConfigError: no such suite, or it is malformed.
    """
    path = Path(name) if name.endswith(".yaml") else suite_folder() / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"no suite {name!r}; there are {', '.join(suite_names()) or 'none here'}")
    try:
        suite = Suite.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"suite {name!r} is not valid: {problems}") from error
    unknown = set(suite.scorers) - SCORERS.keys()
    if unknown:
        raise ConfigError(f"suite {name!r} names scorers {sorted(unknown)}; there are {', '.join(SCORERS)}")
    return suite.beside(suite.baselines)
