"""What the latest tracked evaluations say about the claims."""

from vaidya.errors import DataError
from vaidya.evaluation.claims import Measured, of_rows
from vaidya.tracking.evaluation import stored_evaluation

MAX_RUNS = 1_000  # of the store, newest first


def latest_measured() -> list[Measured]:
    """The rows of the newest finished evaluation of each suite under each profile; none where nothing was evaluated."""
    from vaidya.tracking.mlflow import client

    store = client()
    folders = [experiment.experiment_id for experiment in store.search_experiments()]
    runs = store.search_runs(
        folders,
        filter_string="attributes.status = 'FINISHED' and params.suite != ''",
        order_by=["attributes.start_time DESC"],
        max_results=MAX_RUNS,
    )
    newest = {(run.data.params["suite"], run.data.params["profile"]): run.info.run_id for run in reversed(runs)}
    found: list[Measured] = []
    for (_, profile), run_id in newest.items():
        try:
            found += of_rows(stored_evaluation(run_id).rows, profile, run_id)
        except DataError:
            continue  # its files were deleted: it answers nothing, and the next newest is not the newest
    return found
