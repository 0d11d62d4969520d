"""Where `champion` points: through the gate, by an override with a name and a reason, or back.

What champion and previous are is read from the ledger, never from the registry's aliases, which anybody can move.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vaidya.errors import ConfigError, GateRefusedError
from vaidya.evaluation.gate import Gate, GateDecision, check_gate, gate_path, load_gate
from vaidya.registry import ledger
from vaidya.registry.binding import GUARDED, bind, checked, evaluation_of, unbound
from vaidya.registry.ledger import Action, Binding, Decision, expected_aliases
from vaidya.registry.store import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    Version,
    aliases,
    downloaded,
    move_alias,
    one_at_a_time,
    version,
)
from vaidya.settings import repository_root
from vaidya.tracking.mlflow import client


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
        ArtifactError: files, tags or evaluation are not what was registered; no override helps.
        ConfigError: the alias or the gate is not allowed, or an alias was moved behind the ledger's back.
    """
    if to != CHAMPION and to.lower() in GUARDED:
        raise ConfigError(f"{to!r} is pointed by promotion through the gate only; choose another alias")
    found = version(uri)
    with deciding(found.name) as made:
        bound = checked(found, made)
        if bound is None and (override is None or to != CHAMPION):
            raise ConfigError(unbound(found))
        with downloaded(found):
            pass
        if to != CHAMPION:
            return _decide(found, "promote", {to: found.number})
        return _through_gate(found, _declared(gate), override, made)


def _through_gate(found: Version, gate: Gate, override: Override | None, made: Sequence[Decision]) -> Decision:
    bound = checked(found, made)
    decided = _judge(found, gate, made)
    if decided.passed and bound is not None:
        return _decide(found, "promote", _to_champion(found, made), gate=decided)
    if override is not None:
        # An older version is bound from now on, to what it is now; that, too, is what the name stands for.
        late = None if bound else bind(found, evaluation_of(found, None))
        taken = {"by": override.by, "because": override.because}
        return _decide(found, "override", _to_champion(found, made), gate=decided, bound=late, **taken)
    _decide(found, "refuse", {}, gate=decided)
    reasons = "; ".join(f"{r.dataset}.{r.metric}: {r.failure}" for r in decided.failures)
    raise GateRefusedError(f"{found.uri} is not promoted, {len(decided.failures)} checks failed: {reasons}")


@contextmanager
def deciding(name: str) -> Iterator[list[Decision]]:
    """The decisions so far, while nobody else decides.

    Raises:
        ConfigError: an alias is not where they point it.
    """
    with one_at_a_time():
        made = ledger.decisions(name)
        moved = ledger.disagreements(made, aliases(name))
        if moved:
            raise ConfigError(f"{'; '.join(moved.values())}; `vaidya audit --name {name} --repair` puts that back")
        yield made


def _declared(name: str) -> Gate:
    """A gate of eval/gates/: a file from elsewhere would let anything through."""
    folder = repository_root() / "eval" / "gates"
    if gate_path(name).resolve().parent != folder.resolve():
        raise ConfigError(f"gate {name!r} is not in eval/gates/; only a declared gate leads to {CHAMPION!r}")
    return load_gate(name)


def judge(found: Version, gate: str) -> GateDecision:
    """The gate's decision on a version's evaluation, compared with the champion's where there is one.

    Raises:
        ConfigError: the version names no evaluation, or the gate is not valid.
        ArtifactError: a tag or an evaluation was changed since the version was registered.
    """
    return _judge(found, load_gate(gate), ledger.decisions(found.name))


def _judge(found: Version, gate: Gate, made: Sequence[Decision]) -> GateDecision:
    ours = evaluation_of(found, checked(found, made))
    number = expected_aliases(made).get(CHAMPION)
    if number is None or number == found.number:
        return check_gate(gate, ours.rows, ours.cases)
    champion = version(f"{found.name}/{number}")
    theirs = evaluation_of(champion, _bound(champion, made))
    return check_gate(gate, ours.rows, ours.cases, theirs.cases)


def _bound(found: Version, made: Sequence[Decision]) -> Binding:
    bound = checked(found, made)
    if bound is None:
        raise ConfigError(unbound(found))
    return bound


def _to_champion(found: Version, made: Sequence[Decision]) -> dict[str, str | None]:
    """The moves in the order in which they are made: the old champion can be gone back to before the new one serves."""
    expected = expected_aliases(made)
    before = expected.get(CHAMPION)
    moves: dict[str, str | None] = {}
    if before is not None and before != found.number:
        moves[PREVIOUS] = before
    moves[CHAMPION] = found.number
    if expected.get(CHALLENGER) == found.number:
        moves[CHALLENGER] = None
    return moves


def rollback(name: str) -> Decision:
    """Point `champion` back to `previous`, whose files are verified first.

    Raises:
        ConfigError: there is no previous champion, or it never was one. ArtifactError: it is not what was registered.
    """
    with deciding(name) as made:
        before = expected_aliases(made).get(PREVIOUS)
        if before is None:
            raise ConfigError(f"{name!r} has no previous champion to go back to")
        if before not in ledger.champions(made):
            raise ConfigError(f"version {before} never was champion; promote a version through the gate instead")
        found = version(f"{name}/{before}")
        _bound(found, made)
        with downloaded(found):
            pass
        return _decide(found, "rollback", {CHAMPION: before, PREVIOUS: None})


def _decide(found: Version, action: Action, moves: Mapping[str, str | None], **details: object) -> Decision:
    """Record it, then move the aliases: a crash between the two is found by `audit` and finished by its repair."""
    made = ledger.record(found.name, action, found.number, moves, **details)
    for which, number in moves.items():
        move_alias(found.name, which, number)
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
