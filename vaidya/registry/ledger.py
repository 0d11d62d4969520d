"""Every decision about an alias, in order, each bound to the one before it.

MLflow lets anybody with access move an alias; a decision is a run in its own experiment that holds what was decided,
why, and the digest of the decision before it. Replaying them gives where each alias should point; `audit` compares.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from vaidya import provenance
from vaidya.evaluation.gate import GateDecision
from vaidya.schema.base import Contract
from vaidya.tracking.mlflow import client, connect, experiment_id

EXPERIMENT = "registry"
KIND = "decision"
Action = Literal["register", "promote", "refuse", "override", "rollback"]


class Decision(Contract):
    """One decision. aliases: where each alias that it concerns points afterwards, None for nowhere.

    by, because: who overrode the gate and why; None otherwise. previous: digest of the decision before it.
    """

    sequence: Annotated[int, Field(ge=1)]
    model: str
    action: Action
    version: str
    aliases: dict[str, str | None] = {}
    gate: GateDecision | None = None
    by: str | None = None
    because: str | None = None
    at: str
    previous: str | None = None

    @property
    def digest(self) -> str:
        """sha256 of its canonical JSON."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def record(
    model: str, action: Action, version: str, aliases: Mapping[str, str | None] | None = None, **details: Any
) -> Decision:
    """Write a decision after all others."""
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
    mlflow = connect()
    tags = {"kind": KIND, "model": model, "sequence": str(made.sequence), "action": action, "version": version}
    with mlflow.start_run(
        run_name=f"{action} {model} {version}", experiment_id=experiment_id(EXPERIMENT), tags=tags, nested=True
    ) as run:
        client().log_text(run.info.run_id, made.model_dump_json(indent=1), "decision.json")
        client().set_tag(run.info.run_id, "digest", made.digest)
    return made


def decisions(model: str) -> list[Decision]:
    """Every decision about a model, in the order in which they were made."""
    mlflow = connect()
    runs = client().search_runs(
        [experiment_id(EXPERIMENT)], f"tags.kind = '{KIND}' and tags.model = '{model}'", max_results=5_000
    )
    texts = [mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/decision.json") for run in runs]
    return sorted((Decision.model_validate_json(text) for text in texts), key=lambda decision: decision.sequence)


def expected_aliases(made: list[Decision]) -> dict[str, str]:
    """Where each alias should point when every decision is carried out in order."""
    state: dict[str, str | None] = {}
    for decision in made:
        state.update(decision.aliases)
    return {name: number for name, number in state.items() if number is not None}


def broken_links(made: list[Decision]) -> list[int]:
    """Sequence numbers of decisions that do not follow from the one before: something was changed or removed."""
    broken = []
    for position, decision in enumerate(made):
        previous = made[position - 1].digest if position else None
        if decision.previous != previous or decision.sequence != position + 1:
            broken.append(decision.sequence)
    return broken
