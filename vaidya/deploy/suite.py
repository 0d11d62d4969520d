"""A suite's cases as rehearsals: what the evaluation behind a version answered is what its endpoint should answer."""

from vaidya.corpora import audio_path
from vaidya.errors import ConfigError, DataError
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.selection import selections
from vaidya.evaluation.suite import DatasetSpec, Suite, load_suite
from vaidya.registry.fingerprint import Rehearsal, request_of
from vaidya.registry.store import RUN_TAG, Version
from vaidya.schema import Case
from vaidya.tracking.evaluation import stored_evaluation
from vaidya.tracking.mlflow import client

# Ways into the pipeline that a request has too; reference turns in the transcript's place are none.
SENT = ("auto", "audio", "complaint")


def suite_cases(name: str, found: Version, limit: int | None = None) -> tuple[list[Rehearsal], int]:
    """The suite's cases that the version's own evaluation judged, each with the tier that it gave; and how many others.

    The others are left out: beyond the evaluation's limit, text in a recording's place, settings of a dataset's own.

    Raises:
        ConfigError: no such suite, or the version was not judged by it. DataError: no case can be compared.
    """
    suite = load_suite(name)
    judged = _tiers(found, suite.suite)
    made, others = [], 0
    for chosen in selections(suite, limit):
        for case in chosen.cases:
            tier, seconds = judged.get((chosen.dataset.name, case.id), (None, 0.0))
            request = _request(case, chosen.dataset) if tier and _as_it_is(suite) else None
            if tier is None or request is None:
                others += 1
            else:
                made.append(Rehearsal(case_id=case.id, request=request, answer={"tier": tier}, seconds=seconds))
    if not made:
        raise DataError(
            f"none of the {others} cases of suite {suite.suite!r} was judged in the form in which it can be sent"
        )
    return made, others


def _tiers(found: Version, name: str) -> dict[tuple[str, str], tuple[str, float]]:
    """Tier and seconds of each case in the evaluation behind a version, by dataset and id."""
    run_id = found.tags.get(RUN_TAG)
    suite = client().get_run(run_id).data.params.get("suite") if run_id else None
    if run_id is None or suite != name:
        raise ConfigError(f"{found.uri} was judged by suite {suite or 'none'}, not {name!r}: nothing to compare")
    results = stored_evaluation(run_id).cases
    return {(r.dataset, r.case_id): (r.tier.value, r.seconds or 0.0) for r in results if r.tier is not None}


def _as_it_is(suite: Suite) -> bool:
    """Whether the suite judged the pipeline with its own settings."""
    return not any(arm.overrides or arm.entry for arm in suite.arms if arm.name == PIPELINE_ARM)


def _request(case: Case, spec: DatasetSpec) -> dict[str, str | float | bool | None] | None:
    """The case as a request, None where it did not enter the pipeline as one."""
    path = audio_path(case) if spec.entry != "complaint" else None
    instead = path is None and case.turns and spec.entry != "complaint"
    if spec.entry not in SENT or spec.overrides or spec.changed or instead:
        return None
    # The evaluation did not tell the language: it was heard.
    return {**request_of(case, path.read_bytes() if path else None), "language": None}
