"""The simulation of a fleet against queues whose waiting times are known in closed form."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[2] / "experiments" / "queueing.py"


@pytest.fixture(scope="module")
def queueing():
    spec = importlib.util.spec_from_file_location("queueing", PATH)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["queueing"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def erlang_c_wait(rate: float, service: float, servers: int) -> float:
    """Mean wait of an M/M/c queue (Erlang, 1917)."""
    load = rate * service
    tail = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = tail / (sum(load**k / math.factorial(k) for k in range(servers)) + tail)
    return waits * service / (servers - load)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 1.4), (8, 6.0)])
def test_exponential_service_waits_as_erlang_says(queueing, servers, load):
    stage = queueing.Stage("s", 1.0, servers, spread=1.0)
    found = queueing.simulate([stage], load, 40_000, np.random.default_rng(3))
    expected = erlang_c_wait(load, 1.0, servers) + 1.0
    assert found.sojourn_s.mean() == pytest.approx(expected, rel=0.08)
    assert found.busy["s"] == pytest.approx(load / servers, rel=0.03)


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_other_service_waits_as_pollaczek_and_khinchine_say(queueing, spread):
    load = 0.7
    stage = queueing.Stage("s", 1.0, 1, spread=spread)
    found = queueing.simulate([stage], load, 40_000, np.random.default_rng(4))
    wait = load * (1 + spread**2) / (2 * (1 - load))
    assert found.sojourn_s.mean() == pytest.approx(1.0 + wait, rel=0.08)


def test_processor_sharing_has_the_mean_of_its_closed_form(queueing):
    load = 0.6
    stage = queueing.Stage("s", 1.0, 1, spread=0.5, slots=200, shared=1.0)
    found = queueing.simulate([stage], load, 30_000, np.random.default_rng(5))
    assert found.sojourn_s.mean() == pytest.approx(1 / (1 - load), rel=0.08)


def test_a_burst_ends_when_the_work_is_done(queueing):
    stage = queueing.Stage("s", 2.0, 4, spread=0.0)
    found = queueing.burst([stage], 40, np.random.default_rng(0))
    assert found.span_s == pytest.approx(40 * 2.0 / 4)
    assert found.per_hour == pytest.approx(4 / 2.0 * 3600)


def test_jobs_that_do_not_notice_each_other_run_at_once(queueing):
    stage = queueing.Stage("s", 1.0, 1, spread=0.0, slots=10, shared=0.0)
    assert queueing.burst([stage], 10, np.random.default_rng(0)).span_s == pytest.approx(1.0)


def test_more_machines_serve_more_and_never_more_than_their_capacity(queueing):
    rates = []
    for machines in (1, 2, 4):
        stages = [queueing.Stage("hear", 1.0, machines), queueing.Stage("write", 2.0, machines)]
        rates.append(queueing.highest_rate(stages, 10.0, count=1_500))
        assert rates[-1] <= machines / 2.0
    assert rates == sorted(rates)
