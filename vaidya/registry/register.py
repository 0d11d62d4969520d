"""An evaluation run -> a registered version: the code, settings, weights and prompt that were judged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.corpora import audio_path
from vaidya.errors import ConfigError, DataError
from vaidya.evaluation.selection import select
from vaidya.evaluation.suite import DatasetSpec
from vaidya.pipeline import Pipeline
from vaidya.registry import ledger
from vaidya.registry.binding import bind
from vaidya.registry.build import CARD, built
from vaidya.registry.fingerprint import FINGERPRINT, dump, rehearse_here, request_of
from vaidya.registry.model import DATA
from vaidya.registry.store import CHALLENGER, MANIFEST_TAG, NAME, RUN_TAG, Version, move_alias, one_at_a_time, version
from vaidya.tracking.evaluation import StoredEvaluation, stored_evaluation
from vaidya.tracking.mlflow import client, connect, experiment_id

REHEARSED = "cases"  # our own synthetic consultations
REHEARSAL_CASES = 4
REHEARSAL_SEED = 7
CARRIED_TAGS = (
    "git_commit",
    "dirty",
    "data_digest",
    "lock_digest",
    "package_digest",
    "config_digest",
    "prompt_version",
)


def register(
    run_id: str,
    *,
    name: str = NAME,
    embed: bool = False,
    requests: Mapping[str, Mapping[str, Any]] | None = None,
) -> Version:
    """Register what an evaluation run judged, and point `challenger` to it.

    embed: carry the weights inside. requests: the cases of the fingerprint, by id; else a few of our synthetic ones.

    Raises:
        DataError: the run is no evaluation. ConfigError: the code or the settings here are not those that were judged.
    """
    judged = stored_evaluation(run_id)
    tags = dict(client().get_run(run_id).data.tags)
    config = judged_config(run_id, tags)
    rehearsals = _fingerprint(config, requests if requests is not None else own_requests())
    origin = {RUN_TAG: run_id, **{tag: tags.get(tag) for tag in CARRIED_TAGS}}
    with built(config, judged.rows, origin, embed=embed, extra={FINGERPRINT: rehearsals}) as (folder, manifest):
        model_run = _log(folder, name, run_id)
        made = _create(folder, name, model_run, {**origin, MANIFEST_TAG: manifest, **_profile_tags(config, judged)})
    with one_at_a_time():
        ledger.record(name, "register", made.number, {CHALLENGER: made.number}, bound=bind(made, judged))
        move_alias(name, CHALLENGER, made.number)
    return version(made.uri)


def judged_config(run_id: str, tags: Mapping[str, str]) -> RunConfig:
    """The configuration that a run judged.

    Raises:
        DataError: the run kept none. ConfigError: the code here is not the code that was judged.
    """
    try:
        text = connect().artifacts.load_text(f"runs:/{run_id}/evaluation/config.json")
    except Exception as error:
        raise DataError(f"run {run_id!r} keeps no configuration; run `vaidya eval` again") from error
    config = RunConfig.model_validate_json(text)
    if config.digest != tags.get("config_digest"):
        raise ConfigError(f"the configuration of run {run_id!r} is not the one that its digest names")
    if tags.get("package_digest") != provenance.package_digest():
        commit = tags.get("git_commit", "unknown")[:12]
        raise ConfigError(
            f"the code here is not the code that run {run_id!r} judged (commit {commit}); "
            "check that commit out, or evaluate again"
        )
    return config


def own_requests(count: int = REHEARSAL_CASES) -> dict[str, dict[str, Any]]:
    """A few of our own synthetic cases as requests; always the same ones, and more of them contain the fewer.

    Raises:
        DataError: a recording of ours is not in the checkout.
    """
    cases = select(DatasetSpec(name=REHEARSED), REHEARSAL_SEED, count).cases
    found = {}
    for case in cases:
        path = audio_path(case)
        if path is not None and not path.is_file():
            raise DataError(f"the recording of case {case.id!r} is missing; eval/cases/ holds the script that makes it")
        found[case.id] = request_of(case, path.read_bytes() if path else None)
    return found


def _fingerprint(config: RunConfig, requests: Mapping[str, Mapping[str, Any]]) -> str:
    pipeline = Pipeline(config).load()
    try:
        return dump(rehearse_here(pipeline, requests))
    finally:
        pipeline.close()


def _log(folder: Path, name: str, evaluation_run: str) -> str:
    """A run that holds the files; the evaluation's own run is finished and stays as it was."""
    mlflow = connect()
    tags = {"kind": "model", "model": name, RUN_TAG: evaluation_run}
    with mlflow.start_run(
        run_name=f"model {name}", experiment_id=experiment_id(ledger.EXPERIMENT), tags=tags, nested=True
    ) as run:
        mlflow.log_artifacts(str(folder), "model")
    return run.info.run_id


def _profile_tags(config: RunConfig, judged: StoredEvaluation) -> dict[str, str]:
    return {"profile": config.profile, "evaluated_rows": str(len(judged.rows)), "card": CARD}


def _create(folder: Path, name: str, model_run: str, tags: Mapping[str, str | None]) -> Version:
    card = (folder / DATA / CARD).read_text(encoding="utf-8")
    plain = {key: str(value) for key, value in tags.items() if value is not None}
    made = connect().register_model(f"runs:/{model_run}/model", name, tags=plain, await_registration_for=60)
    client().update_model_version(name, made.version, description=card)
    return version(f"{name}/{made.version}")
