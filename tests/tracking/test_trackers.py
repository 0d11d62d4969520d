"""What a run keeps, what it refuses, and what becomes of it when its block raises."""

import json
import math
import threading
import uuid

import mlflow
import pytest

from vaidya.config import RunConfig
from vaidya.errors import GenerationTimeoutError, TrackingError
from vaidya.tracking import ui_command
from vaidya.tracking.base import MAX_METRICS, Span
from vaidya.tracking.evaluation import spans_of
from vaidya.tracking.mlflow import client
from vaidya.tracking.tags import standard_tags

SPEECH = "I have had chest pain since yesterday evening"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(tracker, value):
    with pytest.raises(TrackingError, match="recall"), tracker.run("bad") as run:
        run.metrics({"recall": value})


def test_a_sixty_first_metric_is_refused(tracker):
    with tracker.run("many") as run:
        run.metrics({f"m{i}": 1.0 for i in range(MAX_METRICS)})
        run.metrics({"m0": 2.0})
        with pytest.raises(TrackingError, match="61 metrics"):
            run.metrics({"one_more": 1.0})


@pytest.mark.parametrize("row", [{"id": "a", "text": SPEECH}, {"id": "मेरा नाम राम है"}, {"x": math.nan}])
def test_patient_words_and_bad_numbers_never_enter_a_table(tracker, row):
    with pytest.raises(TrackingError) as caught, tracker.run("words") as run:
        run.table("cases", [row])
    assert SPEECH not in str(caught.value)


def test_words_of_published_cases_may_be_shown(tracker):
    with tracker.run("public") as run:
        run.table("cases", [{"id": "a", "text": SPEECH}], public=True)


def test_a_dataset_is_ids_and_attributes(tracker):
    with pytest.raises(TrackingError), tracker.run("data") as run:
        run.dataset("cases", [{"text": SPEECH}], source="eval/cases", digest="abc")
    with tracker.run("data") as run:
        run.dataset("cases", [{"id": "a", "age": 54.0, "language": "hi"}], source="eval/cases", digest="abc")


def read_jsonl(tracker, run) -> list[dict]:
    return [json.loads(line) for line in (tracker.folder / run.run_id / "run.jsonl").read_text().splitlines()]


def test_jsonl_keeps_everything_in_order(jsonl_tracker, tmp_path):
    note = tmp_path / "report.html"
    note.write_text("<p>report</p>")
    with jsonl_tracker.run("bench") as run:
        run.params({"beam": 1})
        run.metrics({"recall": 0.5, "undefined": None})
        run.artifact(note, "reports")
        with run.nested("arm") as arm:
            arm.tags({"arm": "gold", "absent": None})
    lines = read_jsonl(jsonl_tracker, run)
    assert [line["kind"] for line in lines] == ["started", "params", "metrics", "artifact", "ended"]
    assert lines[2] == {"kind": "metrics", "values": {"recall": 0.5}, "undefined": ["undefined"]}
    assert read_jsonl(jsonl_tracker, arm)[0]["parent"] == run.run_id
    assert (jsonl_tracker.folder / run.run_id / "reports" / "report.html").exists()


def test_jsonl_marks_a_failed_run(jsonl_tracker):
    with pytest.raises(GenerationTimeoutError), jsonl_tracker.run("bench") as run:
        raise GenerationTimeoutError("slow")
    assert read_jsonl(jsonl_tracker, run)[-2:][0]["values"] == {"failure": "GENERATION_TIMEOUT"}
    assert read_jsonl(jsonl_tracker, run)[-1]["status"] == "FAILED"


def test_mlflow_keeps_parent_and_arms(mlflow_tracker):
    name = uuid.uuid4().hex
    with mlflow_tracker.run("bench", experiment=name) as run:
        run.params({"beam": 1, "absent": None})
        run.metrics({"recall": 0.5, "kappa": None})
        run.table("cases", [{"id": "a", "tier": "URGENT", "seconds": 1.5}, {"id": "b"}])
        with run.nested("gold") as arm:
            arm.metrics({"recall": 1.0})
    kept = client().get_run(run.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {"beam": "1"}
    assert kept.data.metrics["recall"] == 0.5
    assert kept.data.tags["undefined_metrics"] == "kappa"
    below = client().get_run(arm.run_id)
    assert below.data.tags["mlflow.parentRunId"] == run.run_id
    assert below.info.experiment_id == kept.info.experiment_id
    table = json.loads(read_artifact(run.run_id, "cases.json"))
    assert table == {"columns": ["id", "tier", "seconds"], "data": [["a", "URGENT", 1.5], ["b", None, None]]}


def read_artifact(run_id: str, path: str) -> str:
    from pathlib import Path

    return Path(client().download_artifacts(run_id, path)).read_text()


def test_mlflow_marks_failed_runs_with_the_code_and_never_the_message(mlflow_tracker):
    with pytest.raises(ZeroDivisionError), mlflow_tracker.run("bench") as run, run.nested("arm") as arm:
        raise ZeroDivisionError(SPEECH)
    for failed in (run, arm):
        kept = client().get_run(failed.run_id)
        assert (kept.info.status, kept.data.tags["failure"]) == ("FAILED", "ZeroDivisionError")
        assert SPEECH not in str(kept.to_dictionary())


def test_arms_may_run_in_threads_of_their_own(mlflow_tracker):
    seen: list[str] = []

    def work(parent, number):
        with parent.nested(f"arm{number}") as arm:
            arm.metrics({"number": float(number)})
            seen.append(arm.run_id)

    with mlflow_tracker.run("bench") as run:
        threads = [threading.Thread(target=work, args=(run, i)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    parents = {client().get_run(run_id).data.tags["mlflow.parentRunId"] for run_id in seen}
    assert (len(seen), parents) == (3, {run.run_id})


def test_tags_say_what_made_the_run(repository, monkeypatch):
    monkeypatch.chdir(repository)
    tags = standard_tags(RunConfig(profile="test"), data_digest="d", seed=7)
    assert {"git_commit", "dirty", "lock_digest", "config_digest", "prompt_version", "package_digest"} <= tags.keys()
    assert (tags["data_digest"], tags["seed"], tags["profile"]) == ("d", 7, "test")


def test_the_ui_is_on_loopback_only():
    assert "--host 127.0.0.1" in ui_command()
    assert "sqlite:///" in ui_command()


def test_a_consultation_is_a_trace_with_its_stages(mlflow_tracker):
    timings = {"audio": 0.5, "transcript": 2.0, "acoustic": 0.25, "note": 8.0, "triage": 0.01, "total": 10.6}
    spans = spans_of(timings)
    assert spans[1:4] == [Span("transcript", 0.5, 2.5), Span("acoustic", 0.5, 0.75), Span("note", 2.5, 10.5)]
    with mlflow_tracker.run("traced", experiment=uuid.uuid4().hex) as run:
        run.trace("en-chest-pain", spans, {"tier": "URGENT", "tokens_out": 120.0})
        with pytest.raises(TrackingError, match="free text"):
            run.trace("en-chest-pain", spans, {"said": SPEECH})
    mlflow.flush_trace_async_logging()
    (found,) = client().search_traces(locations=[run.experiment_id], run_id=run.run_id)
    lasted = {span.name: (span.end_time_ns - span.start_time_ns) / 1e9 for span in found.data.spans}
    assert lasted["transcript"] == pytest.approx(2.0)
    assert lasted["en-chest-pain"] == pytest.approx(10.51)
    assert SPEECH not in str(found.to_dict())
