"""The instrument's parts, each against something independent."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.llm.conftest import SCHEMA
from tests.llm.tiny import write_tiny_gguf
from vaidya.bench import bandwidth, cost
from vaidya.bench.engines import engine_clock, union_s
from vaidya.bench.gguf import read_size
from vaidya.bench.machine import measured
from vaidya.bench.rows import judged, median_row, ratio_row
from vaidya.bench.scenarios import offline, server, single_stream
from vaidya.bench.seed_way import parse
from vaidya.bench.table import number
from vaidya.config import LlmConfig, PriceConfig
from vaidya.errors import WeightsError
from vaidya.schema import Message

# --- engines ---------------------------------------------------------------------------------------------------------

span = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted).map(tuple)


@given(st.lists(span, max_size=12))
def test_a_union_counts_each_moment_once(spans):
    covered = {moment for start, stop in spans for moment in range(start, stop)}
    assert union_s([(float(a), float(b)) for a, b in spans]) == len(covered)


def test_time_in_a_listener_is_not_the_engines(tmp_path: Path):
    pytest.importorskip("gguf", reason="pip install 'vaidya[transformers]'")
    from vaidya.llm.llama_cpp import LlamaCpp

    weights = write_tiny_gguf(tmp_path / "tiny.gguf")
    engine = LlamaCpp(LlmConfig(weights=str(weights), context_tokens=512, threads=1, options={"save_prefix": False}))
    paused: list[float] = []

    def slow(_: str) -> None:
        start = time.perf_counter()
        time.sleep(0.02)
        paused.append(time.perf_counter() - start)

    with engine_clock() as clock:
        start = time.perf_counter()
        engine.generate([Message(role="user", content="hello")], SCHEMA, on_text=slow)
        stop = time.perf_counter()
    engine.close()
    assert paused
    assert 0 < clock.busy_s(start, stop) <= stop - start - sum(paused) + 0.005
    before = len(clock.intervals)
    assert clock.busy_s(stop, stop + 1) == 0
    assert len(clock.intervals) == before


def test_entry_points_are_given_back():
    from vaidya.llm.llama_server import LlamaServer

    original = LlamaServer.chat
    with engine_clock():
        assert LlamaServer.chat is not original
    assert LlamaServer.chat is original


# --- the machine -----------------------------------------------------------------------------------------------------


def test_bandwidth_and_throughput_are_positive():
    small = 8 * 1024 * 1024
    assert bandwidth.read_gb_s(1, small) > 0
    assert bandwidth.triad_gb_s(2, small) > 0
    assert bandwidth.matmul_gflop_s(64) > 0


def test_usage_counts_what_the_block_did():
    with measured() as usage:
        held = np.ones(20_000_000)
        held.sum()
        time.sleep(0.1)
    assert usage.wall_s >= 0.1
    assert usage.cpu_s > 0
    assert usage.peak_memory_gb > 0.15


def test_gguf_sizes_agree_with_the_gguf_library(tmp_path: Path):
    gguf = pytest.importorskip("gguf", reason="pip install 'vaidya[transformers]'")
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    tensors = gguf.GGUFReader(str(path)).tensors
    size = read_size(path)
    assert size.parameters == sum(int(tensor.n_elements) for tensor in tensors)
    total = sum(int(tensor.n_bytes) for tensor in tensors)
    assert total <= size.weight_bytes <= total + 32 * len(tensors)
    assert size.kv_bytes_per_token == 2 * 1 * (16 + 16) * 2  # layers × heads × (key + value) × two bytes
    assert size.bytes_per_token(100) == size.weight_bytes + 100 * size.kv_bytes_per_token


def test_another_file_is_no_gguf(tmp_path: Path):
    (tmp_path / "x.gguf").write_bytes(b"PK" * 20)
    with pytest.raises(WeightsError, match="GGUF"):
        read_size(tmp_path / "x.gguf")


# --- rows ------------------------------------------------------------------------------------------------------------


def test_medians_leave_out_what_was_not_measured():
    row = median_row("m", "s", [3.0, None, 1.0, 2.0])
    assert (row.value, row.n, row.reason) == (2.0, 3, None)
    assert median_row("m", "s", [None], reason="why").reason == "why"


def test_ratios_are_taken_pair_by_pair():
    # A machine twice as slow in the second half doubles both of a pair and leaves their ratio.
    assert ratio_row("r", [4.0, 8.0], [2.0, 4.0]).value == 2.0


def test_a_goal_without_a_value_is_neither_met_nor_missed():
    assert judged(median_row("m", "s", []), "≤ 1", lambda value: value <= 1).met is None
    assert judged(median_row("m", "s", [2.0]), "≤ 1", lambda value: value <= 1).met is False


def test_prices():
    rows = {row.metric: row for row in cost.price_rows(PriceConfig(on_demand_per_hour=3.6, source="x"), 10.0, 100.0)}
    assert rows["usd_per_consultation_on_demand"].value == pytest.approx(0.01)
    assert rows["usd_per_consultation_on_demand_busy_0.3"].value == pytest.approx(0.01 / 0.3)
    assert rows["usd_per_consultation_on_demand_one_start_in_100"].value == pytest.approx(0.011)
    assert rows["usd_per_consultation_spot"].value is None
    assert "spot" in rows["usd_per_consultation_spot"].reason


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (12.345, "12.3"), (0.012345, "0.0123"), (1234.5, "1234"), (-2.0, "-2.00")]
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


# --- scenarios -------------------------------------------------------------------------------------------------------


def test_single_stream_takes_turns():
    order: list[str] = []
    arms = {name: (lambda name=name: order.append(name)) for name in "AB"}
    found = single_stream(arms, 3, lambda _: None)
    assert order == list("ABABAB")
    assert {name: len(readings) for name, readings in found.items()} == {"A": 3, "B": 3}


def test_server_counts_waiting_from_the_arrival():
    served = server(lambda: time.sleep(0.02), 6, rate_per_s=200.0, rng=np.random.default_rng(1), workers=1)
    assert len(served.sojourn_s) == 6
    assert max(served.sojourn_s) > 0.06  # those that came last waited for those before
    assert 0 < served.goodput_share(0.05) < 1
    assert served.goodput_share(1e9) == 1
    assert served.per_hour == pytest.approx(6 / served.span_s * 3600)


def test_offline_runs_everything():
    assert len(offline(lambda: time.sleep(0.001), 5).sojourn_s) == 5


# --- the prototype's way ---------------------------------------------------------------------------------------------


def test_the_prototypes_reply_becomes_a_note():
    note = parse('Sure! {"subjective": "Cough. Fever for two days.", "plan": ["Rest"], "triage_level": "ROUTINE"')
    assert [s.text for s in note.subjective] == ["Cough", "Fever for two days."]
    assert [s.text for s in note.plan] == ["Rest"]


@pytest.mark.parametrize("text", ["", "I cannot help.", "[1, 2]", '{"triage_level": "URGENT"}'])
def test_a_reply_without_sections_is_no_note(text):
    assert parse(text) is None
