"""Every decision about an alias, in order, each bound to the one before it.

MLflow lets anybody with access move an alias or change a tag; a decision is a run in its own experiment that holds what
was decided, why, and the digest of the decision before it. Replaying them gives where each alias should point and what
each version is; `promote` and `rollback` believe them alone, `audit` compares. A decision is written before it is
carried out, so that a crash between the two is finished from here.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field

from vaidya import provenance
from vaidya.errors import ConfigError
from vaidya.evaluation.gate import GateDecision
from vaidya.registry.store import CHAMPION
from vaidya.schema.base import Contract
from vaidya.tracking.mlflow import client, connect, experiment_id

EXPERIMENT = "registry"
KIND = "decision"
Action = Literal["register", "promote", "refuse", "override", "rollback", "repair"]
NOWHERE = "nothing"


class Binding(Contract):
    """What a version is. The registry's tags say it too, but can be changed; a decision cannot, unseen.

    manifest_sha256: of its artifact's manifest. evaluation_sha256: of all that the run kept for a gate to read.
    """

    manifest_sha256: str
    evaluation_run: str
    evaluation_sha256: str


class Decision(Contract):
    """One decision. version: about which; a repair is about none.

    aliases: where each alias that it concerns points afterwards, None for nowhere, in the order of moving.
    bound: what the version is, from the decision that registered it. by, because: who overrode the gate and why, or
    what was repaired; None otherwise. previous: digest of the decision before it.
    """

    sequence: Annotated[int, Field(ge=1)]
    model: str
    action: Action
    version: str
    aliases: dict[str, str | None] = {}
    gate: GateDecision | None = None
    bound: Binding | None = None
    by: str | None = None
    because: str | None = None
    at: str
    previous: str | None = None

    @property
    def digest(self) -> str:
        """sha256 of its canonical JSON; of the fields that were written, so that a later field changes no older one."""
        content = self.model_dump(mode="json", exclude_unset=True)
        return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def record(
    model: str, action: Action, version: str, aliases: Mapping[str, str | None] | None = None, **details: Any
) -> Decision:
    """Write a decision after all others.

    Raises:
        ConfigError: somebody else decided at the same moment; this decision was withdrawn.
    """
    before = decisions(model)
    made = Decision(
        sequence=len(before) + 1,
        model=model,
        action=action,
        version=version,
        aliases=dict(aliases or {}),
        at=provenance.now(),
        previous=before[-1].digest if before else None,
        **details,
    )
    made = Decision.model_validate_json(made.model_dump_json())  # as it will be read: with every field written
    run_id = _write(made)
    # Both may see each other and withdraw; never do both stay.
    if [decision.sequence for decision in decisions(model)].count(made.sequence) > 1:
        client().delete_run(run_id)
        raise ConfigError(f"another decision about {model!r} was made at the same moment; look at it, then repeat")
    return made


def _write(made: Decision) -> str:
    mlflow = connect()
    tags = {"model": made.model, "sequence": str(made.sequence), "action": made.action, "version": made.version}
    name = f"{made.action} {made.model} {made.version}"
    with mlflow.start_run(run_name=name, experiment_id=experiment_id(EXPERIMENT), tags=tags, nested=True) as run:
        client().log_text(run.info.run_id, made.model_dump_json(indent=1), "decision.json")
        client().set_tag(run.info.run_id, "digest", made.digest)
        # Last: what was interrupted before is no decision.
        client().set_tag(run.info.run_id, "kind", KIND)
    return run.info.run_id


def decisions(model: str) -> list[Decision]:
    """Every decision about a model, in the order in which they were made."""
    mlflow = connect()
    runs = client().search_runs(
        [experiment_id(EXPERIMENT)], f"tags.kind = '{KIND}' and tags.model = '{model}'", max_results=5_000
    )
    texts = [mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/decision.json") for run in runs]
    return sorted((Decision.model_validate_json(text) for text in texts), key=lambda decision: decision.sequence)


def expected_aliases(made: Sequence[Decision]) -> dict[str, str]:
    """Where each alias should point when every decision is carried out in order."""
    state: dict[str, str | None] = {}
    for decision in made:
        state.update(decision.aliases)
    return {name: number for name, number in state.items() if number is not None}


def disagreements(made: Sequence[Decision], found: Mapping[str, str]) -> dict[str, str]:
    """A sentence for each alias that does not point where the decisions point it. found: where each points."""
    expected = expected_aliases(made)
    return {
        alias: f"{alias!r} points to {found.get(alias, NOWHERE)}, but the decisions point it to "
        f"{expected.get(alias, NOWHERE)}"
        for alias in sorted(found.keys() | expected.keys())
        if found.get(alias) != expected.get(alias)
    }


def champions(made: Sequence[Decision]) -> set[str]:
    """Versions that a gate or an override once made champion."""
    found: set[str] = set()
    for decision in made:
        if decision.action == "register":
            found.discard(decision.version)  # MLflow gives the number of a deleted version again
        elif decision.action in ("promote", "override") and decision.aliases.get(CHAMPION) == decision.version:
            found.add(decision.version)
    return found


def registration(made: Sequence[Decision], number: str) -> tuple[bool, Binding | None]:
    """Whether a decision registered a version, and what it is bound to: None where older decisions did not say."""
    own = [decision for decision in made if decision.version == number]
    starts = [position for position, decision in enumerate(own) if decision.action == "register"]
    if not starts:
        return False, None
    return True, next((decision.bound for decision in own[starts[-1] :] if decision.bound is not None), None)


def broken_links(made: Sequence[Decision]) -> list[int]:
    """Sequence numbers of decisions that do not follow from the one before: something was changed or removed."""
    broken = []
    for position, decision in enumerate(made):
        previous = made[position - 1].digest if position else None
        if decision.previous != previous or decision.sequence != position + 1:
            broken.append(decision.sequence)
    return broken
