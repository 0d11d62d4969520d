"""The instrument end to end, on a pipeline of stand-ins."""

import json

import pytest
from typer.testing import CliRunner

from vaidya.bench.agree import pairs
from vaidya.bench.growth import measure_growth
from vaidya.bench.latency import Job, measure
from vaidya.bench.table import report_table, warnings
from vaidya.cli.bench import app
from vaidya.errors import ConfigError

EVERY_RUN = {
    "overhead_share",
    "decode_share_of_limit",
    "first_tier_s",
    "model_tier_share",
    "total_s_p50",
    "total_s_p95",
    "total_s_p99",
    "note_s_p50",
    "transcript_s_p50",
    "real_time_factor",
    "peak_memory_gb",
    "cpu_s",
    "energy_j",
    "memory_read_gb_s",
    "memory_triad_gb_s",
    "matmul_gflop_s",
    "first_token_s",
    "inter_token_s_p50",
    "prompt_tokens_per_s",
    "decode_tokens_per_s",
    "usd_per_consultation_on_demand",
}


@pytest.fixture
def report(scripted, recording):
    return measure(Job(config=scripted, repeat=3, peers=(), audio=recording, cold=False))


def test_every_row_is_there_once(report):
    names = [(row.metric, row.arm) for row in report.rows]
    assert len(names) == len(set(names))
    assert {metric for metric, _ in names} >= EVERY_RUN


def test_a_row_without_a_value_says_why(report):
    assert all(row.reason for row in report.rows if row.value is None)
    assert all(row.reason is None for row in report.rows if row.value is not None)


def test_stages_lie_within_the_whole(report):
    assert report.value("note_s_p50") <= report.value("total_s_p50")
    assert report.value("first_tier_s") <= report.value("first_token_s") <= report.value("total_s_p50")
    assert 0 <= report.value("model_tier_share") <= 1


def test_without_engines_everything_is_overhead(report):
    assert report.value("engines_s") == 0
    assert report.value("overhead_share") == 1


def test_intervals_hold_their_medians(report):
    bounded = [row for row in report.rows if row.low is not None]
    assert bounded
    assert [row for row in bounded if not row.low <= row.value <= row.high] == []


def test_goals_are_judged(report):
    judged = {row.metric: row.met for row in report.rows if row.goal}
    assert judged["first_tier_s"] is True
    assert judged["overhead_share"] is False
    assert judged["decode_share_of_limit"] is None


def test_the_environment_is_recorded(report):
    found = report.as_json()["environment"]
    assert {"hardware", "governor", "load_before", "busy_before", "libraries", "git_commit"} <= found.keys()
    assert json.dumps(report.as_json(), allow_nan=False)


def test_the_table_shows_every_row(report):
    assert report_table(report).row_count == len(report.rows)
    assert any("could not be judged" in line for line in warnings(report))


@pytest.mark.parametrize(("scenario", "extra"), [("server", {"goodput_share", "slo_s"}), ("offline", set())])
def test_the_other_scenarios(scripted, recording, scenario, extra):
    found = measure(Job(config=scripted, scenarios=(scenario,), repeat=4, peers=(), audio=recording, cold=False))
    metrics = {row.metric: row.value for row in found.rows}
    assert {"sojourn_s_p50", "sojourn_s_p95", "sojourn_s_p99", "consultations_per_hour"} | extra == metrics.keys() - {
        "arrivals_per_hour"
    }
    assert metrics["consultations_per_hour"] > 0


def test_all_scenarios_in_one_run(scripted, recording):
    wanted = ("single", "server", "offline")
    found = measure(Job(config=scripted, scenarios=wanted, repeat=2, peers=(), audio=recording, cold=False))
    assert {row.scenario for row in found.rows} == {*wanted, "machine"}
    names = [(row.metric, row.arm, row.scenario) for row in found.rows]
    assert len(names) == len(set(names))


def row(value, low=None, high=None, metric="total_s_p50"):
    return {"metric": metric, "value": value, "unit": "s", "low": low, "high": high}


def test_two_runs_agree_where_their_intervals_overlap(tmp_path):
    first = {"rows": [row(10, 9, 11), row(5, 4, 6, "note_s_p50"), row(3, metric="cpu_s"), row(1, metric="gone")]}
    second = {"rows": [row(11.5, 10.9, 12), row(7, 6.1, 8, "note_s_p50"), row(4, metric="cpu_s")]}
    found = pairs(first, second)
    assert [pair.agrees for pair in found] == [True, False, None]
    assert found[2].ratio == pytest.approx(4 / 3)
    for name, report in (("a", first), ("b", second)):
        (tmp_path / name).write_text(json.dumps(report))
    result = CliRunner().invoke(app, ["agree", str(tmp_path / "a"), str(tmp_path / "b")])
    assert result.exit_code == 1
    assert "1 of 2 rows" in result.output
    assert CliRunner().invoke(app, ["agree", str(tmp_path / "a"), str(tmp_path / "a")]).exit_code == 0


def test_a_peer_that_cannot_be_had_says_why(scripted, recording):
    found = measure(Job(config=scripted, repeat=1, peers=("whisper.cpp", "llama.cpp"), audio=recording, cold=False))
    reasons = {row.arm: row.reason for row in found.rows if row.metric == "peer_ratio"}
    assert "ggml" in reasons["peer:whisper.cpp"]
    assert "scripted" in reasons["peer:llama.cpp"]


def test_the_command_refuses_what_it_does_not_know():
    for arguments in (["latency", "--scenario", "burst"], ["latency", "--peer", "nobody"], ["levers", "crowbar"]):
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, ConfigError)


def test_growth_is_fitted_over_lengths(scripted, recording):
    found = measure_growth(Job(config=scripted, audio=recording), [0.05, 0.1])
    metrics = {row.metric: row for row in found.rows}
    assert metrics["first_consultation_s_at_7s"].value > 0
    assert metrics["transcript_exponent"].n == 2
    assert metrics["memory_7s_over_4s"].value > 0


def test_a_new_process_is_measured(scripted, recording):
    found = measure(Job(config=scripted, repeat=1, peers=(), audio=recording, cold=True))
    cold = {row.metric for row in found.rows if row.state == "cold"}
    assert {"cold_load_s", "cold_ready_s", "cold_first_consultation_s", "import_s", "help_s"} <= cold
