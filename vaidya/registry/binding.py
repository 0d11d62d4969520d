"""A version is what the ledger says it is: the manifest, the evaluation run and what that run kept."""

from collections.abc import Sequence

from vaidya.errors import ArtifactError, ConfigError
from vaidya.registry import ledger
from vaidya.registry.ledger import Binding, Decision, expected_aliases
from vaidya.registry.store import CHAMPION, MANIFEST_TAG, PREVIOUS, RUN_TAG, Version, parse, version
from vaidya.tracking.evaluation import StoredEvaluation, stored_evaluation

# Aliases that only decisions move: where they point is read from the ledger.
GUARDED = (CHAMPION, PREVIOUS)


def bind(found: Version, judged: StoredEvaluation) -> Binding:
    """What a version's tags say now, to be recorded.

    Raises:
        ArtifactError: it was not registered with `vaidya register`.
    """
    if MANIFEST_TAG not in found.tags:
        raise ArtifactError(f"{found.uri} has no recorded manifest; it was not registered with `vaidya register`")
    return Binding(
        manifest_sha256=found.tags[MANIFEST_TAG], evaluation_run=judged.run_id, evaluation_sha256=judged.sha256
    )


def checked(found: Version, made: Sequence[Decision]) -> Binding | None:
    """What the decisions bind a version to; its tags say the same. None: the decision that registered it is older.

    Raises:
        ArtifactError: no decision registered the version, or a tag was changed since.
    """
    registered, bound = ledger.registration(made, found.number)
    if not registered:
        raise ArtifactError(f"no decision registered {found.uri}; register its run with `vaidya register RUN`")
    if bound is None:
        return None
    expected = {MANIFEST_TAG: bound.manifest_sha256, RUN_TAG: bound.evaluation_run}
    changed = [tag for tag, value in expected.items() if found.tags.get(tag) != value]
    if changed:
        raise ArtifactError(
            f"{' and '.join(changed)} of {found.uri} are not those with which it was registered; "
            "put back what its `register` decision says, or register the run again"
        )
    return bound


def evaluation_of(found: Version, bound: Binding | None) -> StoredEvaluation:
    """The evaluation of a version whose binding was checked; with None, the one that its tag names.

    Raises:
        ArtifactError: the run keeps other rows than those with which the version was registered.
        ConfigError: the version names no run. DataError: the run is gone.
    """
    if bound is None and RUN_TAG not in found.tags:
        raise ConfigError(f"{found.uri} names no evaluation run; register it with `vaidya register RUN`")
    judged = stored_evaluation(bound.evaluation_run if bound else found.tags[RUN_TAG])
    if bound is not None and judged.sha256 != bound.evaluation_sha256:
        raise ArtifactError(
            f"the evaluation {judged.run_id!r} is not what it was when {found.uri} was registered; evaluate again"
        )
    return judged


def run_of(uri: str) -> str | None:
    """The evaluation run of a version, as the decisions say it; None when there is no such version."""
    name, reference = parse(uri)
    made = ledger.decisions(name)
    if reference.removeprefix("@") in GUARDED:
        reference = expected_aliases(made).get(reference.removeprefix("@"), "")
    try:
        found = version(f"{name}{reference}" if reference.startswith("@") else f"{name}/{reference}")
    except ConfigError:
        return None
    _, bound = ledger.registration(made, found.number)
    return bound.evaluation_run if bound else found.tags.get(RUN_TAG)


def unbound(found: Version) -> str:
    """What to say of a version whose registration is too old to name its manifest and evaluation."""
    return (
        f"{found.uri} was registered before decisions named manifest and evaluation: register its run again, or "
        f"answer for it with `vaidya promote {found.name}/{found.number} --override --by NAME --because REASON`"
    )
