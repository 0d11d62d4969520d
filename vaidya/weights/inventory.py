"""What the table holds, what this machine has of it, and what a profile needs."""

from dataclasses import dataclass
from typing import Literal

from vaidya.config import RunConfig
from vaidya.errors import WeightsError, WeightsHashError
from vaidya.weights.check import check
from vaidya.weights.entries import table
from vaidya.weights.resolution import resolve

# Backends that load no weights here: a server has them, or none are needed.
SERVED_OR_WITHOUT = {"scripted", "openai", "sagemaker", "spectral", "opensmile"}
State = Literal["ready", "missing", "damaged"]


@dataclass(frozen=True, slots=True)
class Stock:
    """One row of the inventory. megabytes: None where nobody knows; detail: where they are from, or what to do."""

    name: str
    use: str
    whose: str
    licence: str
    megabytes: float | None
    state: State
    sha256: str | None
    detail: str


def stock(name: str, *, again: bool = False) -> Stock:
    """What this machine has of one name; nothing is fetched.

    again: hash every byte, whatever the ledger knows.
    """
    row = table().get(name)
    use, whose, licence = (row.use, row.whose, row.licence) if row else ("", "", "unknown")
    megabytes = row.megabytes if row else None
    try:
        found = resolve(name, fetch=False)
        if again:
            check(row, found.files, again=True)
    except WeightsHashError as error:
        return Stock(name, use, whose, licence, megabytes, "damaged", None, str(error))
    except WeightsError as error:
        return Stock(name, use, whose, licence, megabytes, "missing", None, str(error))
    return Stock(name, use, whose, licence, megabytes, "ready", found.used.sha256, found.used.origin)


def listing(names: tuple[str, ...] | None = None) -> tuple[Stock, ...]:
    """The inventory of the given names, or of the whole table."""
    return tuple(stock(name) for name in names or tuple(table()))


def verify(names: tuple[str, ...] | None = None) -> tuple[Stock, ...]:
    """As `listing`, but every byte that is here is hashed again; what was never fetched stays `missing`."""
    return tuple(stock(name, again=True) for name in names or tuple(table()))


def needed_by(config: RunConfig) -> tuple[str, ...]:
    """The names that a configuration loads, in the order of the pipeline."""
    names = [part.weights for part in (config.transcript, config.acoustic) if part.backend not in SERVED_OR_WITHOUT]
    names.append(config.acoustic.events_weights)
    for model in (config.llm, config.section_llm):
        if model is not None and model.backend not in SERVED_OR_WITHOUT:
            names += [model.weights, model.adapter]
    return tuple(dict.fromkeys(name for name in names if name is not None))
