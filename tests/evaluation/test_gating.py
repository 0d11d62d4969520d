"""A metric decides about a version only when people were asked about it, or when it says why that is not needed."""

import re

import pytest

from vaidya.errors import ConfigError
from vaidya.evaluation.gating import Measured, Trust, load_trust, refuse_untrusted
from vaidya.evaluation.report.tables import meanings
from vaidya.evaluation.rows import Row


def measured(metric: str, low: float | None) -> Measured:
    facts = {"human": "factual_f1", "correlation": 0.5, "high": 0.6, "n": 399, "dialogues": 100, "source": "made up"}
    return Measured(metric=metric, low=low, **facts)


def test_the_lower_bound_must_reach_the_floor():
    trust = Trust(measured=(measured("sure", 0.45), measured("unsure", 0.35), measured("undefined", None)), excepted=())
    assert [trust.may_gate(name) for name in ("sure", "unsure", "undefined", "unheard_of")] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "metric", ["rouge1", "rouge2", "rougeLsum", "bertscore_f1_all-minilm-l6-v2", "words", "made_up"]
)
def test_what_nobody_was_asked_about_is_refused(metric):
    with pytest.raises(ConfigError, match=metric):
        refuse_untrusted("champion", ["under_triage", metric])


def test_every_exception_has_a_card_and_a_reason():
    for one in load_trust().excepted:
        assert len(one.reason) > 20
        assert set(one.metrics) <= explained(one.metrics), one.metrics


def explained(metrics) -> set[str]:
    """Those that the page of a report can explain: they have a card."""
    rows = [Row(dataset="d", arm="a", metric=metric, value=None, n_scored=0) for metric in metrics]
    return {metric for metric in metrics if re.sub(r"_p\d\d$", "", metric) in meanings(rows)}
