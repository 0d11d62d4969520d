"""NEWS2 against a table typed from the Royal College's chart, not from the code: every value of every band."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaidya.schema import Consciousness, Tier, Vitals
from vaidya.triage.news2 import NEEDED, news2
from vaidya.triage.vitals import news2_tier

# (from, to, points) in whole units, both ends inclusive; temperature in tenths of a degree.
TABLE = {
    "respirations": [(0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 120, 3)],
    "spo2": [(20, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    "sbp": [(20, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 320, 3)],
    "pulse": [(0, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 350, 3)],
    "temperature": [(200, 350, 3), (351, 360, 1), (361, 380, 0), (381, 390, 1), (391, 460, 2)],
}
SPO2_SCALE_2_AIR = [(20, 83, 3), (84, 85, 2), (86, 87, 1), (88, 100, 0)]
SPO2_SCALE_2_OXYGEN = [(20, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)]


def rows(bands):
    return [(value, points) for low, high, points in bands for value in range(low, high + 1)]


@pytest.mark.parametrize("name", TABLE)
def test_every_value_scores_as_the_chart_says(name):
    scale = 10 if name == "temperature" else 1
    for value, points in rows(TABLE[name]):
        found = news2(Vitals(**{name: value / scale}))
        assert (found.parts, found.score) == ({name: points}, points), value / scale


@pytest.mark.parametrize(("on_oxygen", "bands"), [(False, SPO2_SCALE_2_AIR), (True, SPO2_SCALE_2_OXYGEN)])
def test_the_hypercapnic_scale(on_oxygen, bands):
    for value, points in rows(bands):
        assert news2(Vitals(spo2=float(value), spo2_scale=2, on_oxygen=on_oxygen)).parts["spo2"] == points, value


def test_scale_2_without_a_word_on_oxygen_takes_the_worse_band():
    for (value, on_oxygen), (_, on_air) in zip(rows(SPO2_SCALE_2_OXYGEN), rows(SPO2_SCALE_2_AIR), strict=True):
        assert news2(Vitals(spo2=float(value), spo2_scale=2)).parts == {"spo2": max(on_oxygen, on_air)}, value


def test_scale_2_needs_to_know_of_oxygen():
    assert "on_oxygen" in news2(Vitals(spo2=90.0, spo2_scale=2)).missing
    assert "on_oxygen" not in news2(Vitals(spo2=90.0, spo2_scale=2, on_oxygen=False)).missing
    assert "on_oxygen" not in news2(Vitals(spo2=97.0)).missing


def test_oxygen_scores_two_and_its_absence_nothing():
    assert news2(Vitals(on_oxygen=True)).score == 2
    assert news2(Vitals(on_oxygen=False)).score == 0
    assert "on_oxygen" not in news2(Vitals()).parts


@pytest.mark.parametrize(("level", "points"), [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)])
def test_consciousness(level, points):
    assert news2(Vitals(consciousness=Consciousness(level))).score == points


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("respirations", 8.5, 3),
        ("respirations", 20.4, 2),
        ("spo2", 91.5, 3),
        ("spo2", 95.9, 1),
        ("sbp", 90.5, 3),
        ("sbp", 110.2, 1),
        ("sbp", 219.5, 3),
        ("pulse", 40.5, 3),
        ("pulse", 90.5, 1),
        ("pulse", 130.1, 3),
        ("temperature", 35.05, 3),
        ("temperature", 36.05, 1),
        ("temperature", 38.05, 1),
        ("temperature", 39.04, 2),
    ],
)
def test_between_two_bands_the_more_severe_counts(name, value, points):
    assert news2(Vitals(**{name: value})).score == points


def test_nothing_measured_scores_nothing_and_misses_everything():
    found = news2(Vitals())
    assert (found.score, found.parts, found.missing, found.complete) == (0, {}, NEEDED, False)


def test_the_worst_score_is_twenty():
    worst = Vitals(
        respirations=40.0,
        spo2=70.0,
        on_oxygen=True,
        sbp=60.0,
        pulse=160.0,
        temperature=34.0,
        consciousness=Consciousness.UNRESPONSIVE,
    )
    assert news2(worst).score == 20


@pytest.mark.parametrize(
    ("vitals", "tier"),
    [
        (Vitals(respirations=16.0), Tier.ROUTINE),
        (Vitals(pulse=95.0), Tier.SEMI_URGENT),
        (Vitals(pulse=95.0, sbp=95.0, temperature=38.5), Tier.SEMI_URGENT),  # 1 + 2 + 1 = 4
        (Vitals(pulse=115.0, sbp=95.0, temperature=38.5), Tier.URGENT),  # 2 + 2 + 1 = 5
        (Vitals(spo2=90.0), Tier.URGENT),  # a single 3
        (Vitals(pulse=115.0, sbp=95.0, temperature=38.5, spo2=95.0), Tier.URGENT),  # 6
        (Vitals(pulse=115.0, sbp=95.0, temperature=38.5, spo2=93.0), Tier.EMERGENCY),  # 7
    ],
)
def test_the_tier_of_a_score(vitals, tier):
    assert news2_tier(news2(vitals)) is tier


@given(st.sampled_from(sorted(TABLE)), st.floats(0, 1), st.floats(0, 1))
def test_further_from_normal_never_scores_less(name, first, second):
    normal = {"respirations": 16, "spo2": 100, "sbp": 120, "pulse": 70, "temperature": 37}[name]
    scale = 10 if name == "temperature" else 1
    low, high = TABLE[name][0][0] / scale, TABLE[name][-1][1] / scale
    near, far = sorted((first, second))
    for end in (low, high):
        values = [normal + share * (end - normal) for share in (near, far)]
        points = [news2(Vitals(**{name: value})).score for value in values]
        assert points[0] <= points[1]
        assert all(math.isfinite(value) for value in values)
