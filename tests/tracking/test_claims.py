"""The claims are answered by the newest finished evaluation of each suite and profile, and by no other."""

import contextlib

from vaidya.evaluation.rows import Row
from vaidya.tracking.claims import latest_measured


def evaluation(tracker, folder, seconds: float, *, suite="smoke", profile="embedded", ended="FINISHED"):
    row = Row(dataset="cases", arm="vaidya", metric="total_s_p50", value=seconds, n_scored=3)
    (folder / "rows.jsonl").write_text(row.model_dump_json() + "\n")
    (folder / "cases.jsonl").write_text("")
    with contextlib.suppress(ZeroDivisionError), tracker.run("made up", experiment="claims") as run:
        run.params({"suite": suite, "profile": profile})
        for name in ("rows.jsonl", "cases.jsonl"):
            run.artifact(folder / name, "evaluation")
        assert ended == "FINISHED" or 1 / 0


def test_the_newest_finished_run_of_each_suite_and_profile_answers(mlflow_tracker, tmp_path):
    evaluation(mlflow_tracker, tmp_path, 9.0)
    evaluation(mlflow_tracker, tmp_path, 2.0)
    evaluation(mlflow_tracker, tmp_path, 1.0, ended="FAILED")
    evaluation(mlflow_tracker, tmp_path, 5.0, suite="end_to_end")
    evaluation(mlflow_tracker, tmp_path, 7.0, profile="cpu")
    found = {(one.profile, one.value) for one in latest_measured() if one.metric == "total_s_p50"}
    assert found == {("embedded", 2.0), ("embedded", 5.0), ("cpu", 7.0)}
