"""Which metrics may decide about a version. Declared in `eval/agreement.yaml`.

A metric that ranks notes unlike people do would promote the wrong version, so it may only be reported. A gate may read
a metric whose measured agreement with people reaches the floor, or one that is excepted with a reason.
"""

from collections.abc import Iterable
from functools import cache

import yaml
from pydantic import ValidationError

from vaidya.config import Section
from vaidya.errors import ConfigError
from vaidya.evaluation.note_agreement import Agreement
from vaidya.settings import repository_root


class Measured(Agreement):
    """An agreement that was written down. source: whose scores, and the command that compared them."""

    source: str


class Excepted(Section):
    """Metrics that may gate though their agreement with people was not measured, and why."""

    metrics: tuple[str, ...]
    reason: str


class Trust(Section):
    """All that is known about the metrics themselves."""

    measured: tuple[Measured, ...]
    excepted: tuple[Excepted, ...]

    def may_gate(self, metric: str) -> bool:
        """Whether a gate may read a metric; one that nothing is written down about may not."""
        measured = any(one.metric == metric and one.may_gate for one in self.measured)
        return measured or any(metric in one.metrics for one in self.excepted)


@cache
def load_trust() -> Trust:
    """What is written down about the metrics.

    Raises:
        ConfigError: the file is missing or malformed.
    """
    path = repository_root() / "eval" / "agreement.yaml"
    try:
        return Trust.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValidationError) as error:
        raise ConfigError(f"eval/agreement.yaml cannot be read: {type(error).__name__}") from error


def refuse_untrusted(gate: str, metrics: Iterable[str]) -> None:
    """Refuse a gate that reads a metric which may only be reported.

    Raises:
        ConfigError: names those metrics.
    """
    wrong = sorted({metric for metric in metrics if not load_trust().may_gate(metric)})
    if wrong:
        raise ConfigError(
            f"gate {gate!r} reads {', '.join(wrong)}, which may only be reported: eval/agreement.yaml holds neither an "
            "agreement with people above the floor nor a reason to do without one"
        )
