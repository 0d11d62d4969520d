"""Where `champion` points: through the gate, by an override with a name and a reason, or back."""

from dataclasses import dataclass

from vaidya.errors import ConfigError, GateRefusedError
from vaidya.evaluation.gate import GateDecision, check_gate, load_gate
from vaidya.registry import ledger
from vaidya.registry.ledger import Action, Decision
from vaidya.registry.store import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    Version,
    alias,
    downloaded,
    move_alias,
    version,
)
from vaidya.tracking.evaluation import StoredEvaluation, stored_evaluation
from vaidya.tracking.mlflow import client

RUN_TAG = "evaluation_run"


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody takes the responsibility that the gate refused; both are recorded for good."""

    by: str
    because: str

    def __post_init__(self) -> None:
        if not self.by.strip() or len(self.because.strip()) < 10:
            raise ConfigError("an override needs --by with a name and --because with a reason of at least ten letters")


def promote(uri: str, *, to: str = CHAMPION, gate: str = "champion", override: Override | None = None) -> Decision:
    """Verify a version's files, run the gate, and point the alias to it; the old champion stays as `previous`.

    Raises:
        GateRefusedError: the gate refused, and nobody overrode it; the refusal is recorded.
        ArtifactError: a file is not what was registered; no override helps.
    """
    found = version(uri)
    with downloaded(found):
        pass
    if to != CHAMPION:
        return _decide(found, "promote", {to: found.number})
    decided = judge(found, gate)
    if decided.passed:
        return _decide(found, "promote", _to_champion(found), gate=decided)
    if override is not None:
        return _decide(found, "override", _to_champion(found), gate=decided, by=override.by, because=override.because)
    _decide(found, "refuse", {}, gate=decided)
    reasons = "; ".join(f"{r.dataset}.{r.metric}: {r.failure}" for r in decided.failures)
    raise GateRefusedError(f"{found.uri} is not promoted, {len(decided.failures)} checks failed: {reasons}")


def judge(found: Version, gate: str) -> GateDecision:
    """The gate's decision on a version's evaluation, compared with the champion's where there is one.

    Raises:
        ConfigError: the version names no evaluation, or the gate is not valid.
    """
    rules = load_gate(gate)
    ours = _evaluation(found)
    champion = alias(found.name, CHAMPION)
    theirs = _evaluation(version(f"{found.name}/{champion}")) if champion and champion != found.number else None
    return check_gate(rules, ours.rows, ours.cases, theirs.cases if theirs else None)


def _evaluation(found: Version) -> StoredEvaluation:
    if RUN_TAG not in found.tags:
        raise ConfigError(f"{found.uri} names no evaluation run; register it with `vaidya register RUN`")
    return stored_evaluation(found.tags[RUN_TAG])


def _to_champion(found: Version) -> dict[str, str | None]:
    before = alias(found.name, CHAMPION)
    moves: dict[str, str | None] = {CHAMPION: found.number}
    if before is not None and before != found.number:
        moves[PREVIOUS] = before
    if alias(found.name, CHALLENGER) == found.number:
        moves[CHALLENGER] = None
    return moves


def rollback(name: str) -> Decision:
    """Point `champion` back to `previous`, whose files are verified first.

    Raises:
        ConfigError: there is no previous champion. ArtifactError: its files are not what was registered.
    """
    before = alias(name, PREVIOUS)
    if before is None:
        raise ConfigError(f"{name!r} has no previous champion to go back to")
    found = version(f"{name}/{before}")
    with downloaded(found):
        pass
    return _decide(found, "rollback", {CHAMPION: before, PREVIOUS: None})


def _decide(found: Version, action: Action, moves: dict[str, str | None], **details: object) -> Decision:
    """Move the aliases, then record it: a crash between the two is found by `audit`, and is safe to repeat."""
    for which, number in moves.items():
        move_alias(found.name, which, number)
    made = ledger.record(found.name, action, found.number, moves, **details)
    tags = {"decision": action, "decided_at": made.at, "decision_digest": made.digest}
    if made.gate is not None:
        tags |= {"gate": made.gate.gate, "gate_passed": str(made.gate.passed), "gate_failures": _failures(made.gate)}
    if made.by is not None:
        tags |= {"overridden_by": made.by, "overridden_because": str(made.because)}
    for key, value in tags.items():
        client().set_model_version_tag(found.name, found.number, key, value)
    return made


def _failures(decided: GateDecision) -> str:
    lines = [f"{r.dataset}.{r.metric}: {r.failure}" for r in decided.failures]
    return "; ".join(lines)[:4_000] or "none"
