"""Is the registry what the decisions say it is?"""

from dataclasses import dataclass
from typing import Literal

from vaidya.errors import ArtifactError
from vaidya.registry import ledger
from vaidya.registry.store import MANIFEST_TAG, NAME, Version, downloaded, versions

Kind = Literal["alias", "ledger", "artifact", "card", "override"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a deployer must know. wrong: False for what is unusual but decided, such as an override."""

    kind: Kind
    what: str
    wrong: bool = True


def audit(name: str = NAME) -> list[Finding]:
    """Aliases that no decision explains, a ledger that was changed, files that differ, versions without a card."""
    made = ledger.decisions(name)
    known = versions(name)
    return [
        *_aliases(known, made),
        *_ledger(made),
        *(finding for version in known for finding in _version(version)),
        *_overrides(made),
    ]


def _aliases(known: list[Version], made: list[ledger.Decision]) -> list[Finding]:
    found = {alias: version.number for version in known for alias in version.aliases}
    expected = ledger.expected_aliases(made)
    return [
        Finding(
            "alias",
            f"{alias!r} points to {found.get(alias, 'nothing')}, but the decisions point it to "
            f"{expected.get(alias, 'nothing')}",
        )
        for alias in sorted(found.keys() | expected.keys())
        if found.get(alias) != expected.get(alias)
    ]


def _ledger(made: list[ledger.Decision]) -> list[Finding]:
    return [
        Finding("ledger", f"decision {sequence} does not follow from the one before it")
        for sequence in ledger.broken_links(made)
    ]


def _version(found: Version) -> list[Finding]:
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


def _overrides(made: list[ledger.Decision]) -> list[Finding]:
    return [
        Finding("override", f"version {d.version} was promoted against the gate by {d.by}: {d.because}", wrong=False)
        for d in made
        if d.action == "override"
    ]
