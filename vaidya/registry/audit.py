"""Is the registry what the decisions say it is?"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from vaidya.errors import ArtifactError, DataError
from vaidya.registry import ledger
from vaidya.registry.binding import GUARDED, checked, evaluation_of, unbound
from vaidya.registry.ledger import Decision, expected_aliases
from vaidya.registry.store import (
    CHAMPION,
    MANIFEST_TAG,
    NAME,
    Version,
    aliases,
    downloaded,
    move_alias,
    one_at_a_time,
    versions,
)
from vaidya.settings import repository_root

Kind = Literal["alias", "ledger", "binding", "artifact", "card", "gate", "override"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a deployer must know. wrong: False for what is unusual but decided, such as an override."""

    kind: Kind
    what: str
    wrong: bool = True


def audit(name: str = NAME) -> list[Finding]:
    """Whatever the decisions do not explain: aliases, versions, evaluations, files, cards, and the ledger itself."""
    made = ledger.decisions(name)
    known = versions(name)
    return [
        *(Finding("alias", what) for what in ledger.disagreements(made, aliases(name)).values()),
        *_ledger(made),
        *(finding for version in known for finding in (*_binding(version, made), *_files(version))),
        *_gate(made),
        *_overrides(made),
    ]


def repair(name: str = NAME) -> Decision | None:
    """Point every alias where the decisions point it, and record what was found; None when nothing was to be done."""
    with one_at_a_time():
        made = ledger.decisions(name)
        moved = ledger.disagreements(made, aliases(name))
        if not moved:
            return None
        expected = expected_aliases(made)
        moves = {alias: expected.get(alias) for alias in sorted(moved, reverse=True)}  # `previous` before `champion`
        because = "; ".join(moved.values())
        done = ledger.record(name, "repair", ledger.NOWHERE, moves, because=because)
        for alias, number in moves.items():
            move_alias(name, alias, number)
        return done


def _ledger(made: Sequence[Decision]) -> list[Finding]:
    return [
        Finding("ledger", f"decision {sequence} does not follow from the one before it")
        for sequence in ledger.broken_links(made)
    ]


def _binding(found: Version, made: Sequence[Decision]) -> list[Finding]:
    try:
        bound = checked(found, made)
        if bound is None:
            pointed = {expected_aliases(made).get(alias) for alias in GUARDED}
            return [Finding("binding", unbound(found), wrong=found.number in pointed)]
        evaluation_of(found, bound)
    except (ArtifactError, DataError) as error:
        return [Finding("binding", f"version {found.number}: {error}")]
    return []


def _files(found: Version) -> list[Finding]:
    problems = []
    if not found.description.strip():
        problems.append(Finding("card", f"version {found.number} has no card"))
    if MANIFEST_TAG not in found.tags:
        return [*problems, Finding("artifact", f"version {found.number} was not registered with `vaidya register`")]
    try:
        with downloaded(found):
            return problems
    except ArtifactError as error:
        return [*problems, Finding("artifact", f"version {found.number}: {error}")]


def _gate(made: Sequence[Decision]) -> list[Finding]:
    """A note when the champion passed a gate that is not declared now: changed since, or never committed."""
    champion = expected_aliases(made).get(CHAMPION)
    passed = [d.gate for d in made if d.action == "promote" and d.version == champion and d.gate is not None]
    if not passed or passed[-1].gate_sha256 is None:
        return []
    gate = passed[-1]
    folder = repository_root() / "eval" / "gates"
    if gate.gate_sha256 in {sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.yaml")}:
        return []
    what = f"version {champion} passed gate {gate.gate!r} of sha256 {gate.gate_sha256}, which is not in eval/gates/ now"
    return [Finding("gate", what, wrong=False)]


def _overrides(made: Sequence[Decision]) -> list[Finding]:
    return [
        Finding("override", f"version {d.version} was promoted against the gate by {d.by}: {d.because}", wrong=False)
        for d in made
        if d.action == "override"
    ]
