"""Which cases of a suite a run takes: what is here, of which part, how many, and why there may be none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from vaidya.corpora import folder_of, read_rows
from vaidya.errors import DataError, DataMissingError
from vaidya.evaluation.perturb import with_changes
from vaidya.evaluation.suite import DatasetSpec, Suite
from vaidya.schema import Case

NAMED_ROWS = 5  # of the rows that give no case, so many are named


@dataclass(frozen=True, slots=True)
class Selection:
    """The cases of one dataset that a run takes.

    left_out: cases that the limit did not admit. refused: what is wrong with each row that gives no case. reason: why
    there is no case at all, as a code and words; then the dataset's rows say so in place of numbers.
    """

    dataset: DatasetSpec
    cases: tuple[Case, ...] = ()
    left_out: int = 0
    refused: tuple[str, ...] = ()
    reason: str | None = None


def selections(suite: Suite, limit: int | None = None) -> list[Selection]:
    """Every dataset of the suite that is here; one that cannot be read stands with the reason, beside the others.

    Raises:
        DataMissingError: none is on this machine. DataError: none can be read.
    """
    absent = missing(suite)
    if len(absent) == len(suite.datasets):
        raise DataMissingError("; ".join(absent.values()))
    found, errors = [], []
    for spec in (spec for spec in suite.datasets if spec.name not in absent):
        try:
            found.append(select(spec, suite.seed, limit))
        except DataError as error:
            errors.append(str(error))
            found.append(Selection(spec, reason=f"{error.code}: {error}"))
    if len(errors) == len(found):
        raise DataError("; ".join(errors))
    return found


def missing(suite: Suite) -> dict[str, str]:
    """The suite's datasets that are not on this machine, with the reason; a report names them."""
    absent = {}
    for spec in suite.datasets:
        try:
            folder_of(spec.name)
        except DataMissingError as error:
            absent[spec.name] = str(error)
    return absent


def select(spec: DatasetSpec, seed: int, limit: int | None = None) -> Selection:
    """The cases of one dataset.

    limit: in place of the dataset's own. A limited run takes a random subset that depends on the seed and on each
    case's id alone, so that it is the same whatever the file's order, and a larger limit contains the smaller one.

    Raises:
        DataError: the set cannot be read.
    """
    rows = read_rows(spec.name)
    cases = [case for case in rows.cases if _in_part(case, spec)]
    most = spec.limit if limit is None else limit
    taken = cases
    if most is not None and len(cases) > most:
        order = sorted(cases, key=lambda case: hashlib.sha256(f"{seed}:{case.id}".encode()).digest())
        taken = order[:most]
    chosen = with_changes(taken, seed) if spec.changed else taken
    return Selection(spec, tuple(chosen), len(cases) - len(taken), rows.refused, _why_none(spec, rows.cases, cases))


def _in_part(case: Case, spec: DatasetSpec) -> bool:
    split = str(case.attributes.get("split") or "")
    wanted = spec.split is None or split == spec.split
    return wanted and (spec.not_split is None or spec.not_split not in split.lower())


def _why_none(spec: DatasetSpec, every: tuple[Case, ...], chosen: list[Case]) -> str | None:
    if chosen:
        return None
    part = f"split {spec.split!r}" if spec.split else f"a split other than {spec.not_split!r}"
    here = sorted({str(case.attributes.get("split")) for case in every})
    asked = f"no case of {part}" if spec.split or spec.not_split else "no row gives a case"
    return f"NO_CASES: {asked}; here is {', '.join(here) or 'nothing that can be read'}"


def left_out(suite: Suite, limit: int | None = None) -> tuple[str, ...]:
    """What a run does not judge, a line each: limits, rows and datasets that give no case, stages that text skips.

    Raises:
        DataError: as `selections`.
    """
    told = [line for chosen in selections(suite, limit) for line in _not_taken(chosen)]
    return tuple(sorted([*told, *(f"{name}: skipped. {why}" for name, why in missing(suite).items())]))


def _not_taken(chosen: Selection) -> Iterator[str]:
    name, refused = chosen.dataset.name, chosen.refused
    if chosen.left_out:
        yield f"{name}: {len(chosen.cases)} cases run, {chosen.left_out} left out by the limit"
    if chosen.reason is not None:
        yield f"{name}: nothing run. {chosen.reason}"
    if chosen.cases and all(case.audio is None for case in chosen.cases):
        yield f"{name}: text only, its cases enter after the transcript stage"
    if refused:
        more = f"; and {len(refused) - NAMED_ROWS} more" if len(refused) > NAMED_ROWS else ""
        count = "1 row gives" if len(refused) == 1 else f"{len(refused)} rows give"
        yield f"{name}: {count} no case. {'; '.join(refused[:NAMED_ROWS])}{more}"
