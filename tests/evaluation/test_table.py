"""Rows in a terminal of 80 columns: nothing is cut, small numbers keep their digits."""

import io

import pytest
from rich.console import Console

from vaidya.evaluation.rows import Row
from vaidya.evaluation.table import number, rows_table


def printed(rows: list[Row], **options) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(rows_table(rows, "a suite", **options))
    return console.file.getvalue()


def row(metric: str, **fields) -> Row:
    return Row(dataset="cases", arm="vaidya", metric=metric, n_scored=62, **fields)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000294, "0.00029"),
        (0.0578, "0.058"),
        (0.339, "0.339"),
        (9.739, "9.74"),
        (11.28, "11.3"),
        (21009.4, "21009"),
        (-0.0123, "-0.012"),
        (0.0, "0"),
        (None, "–"),
    ],
)
def test_a_number_keeps_the_digits_that_say_something(value, text):
    assert number(value) == text


def test_the_widest_rows_fit_80_columns_uncut():
    rows = [
        row("unsupported_statements_major", value=0.115, low=0.085, high=0.146, errors=68, total=591, n_unscored=3),
        row("preliminary_s_p50", value=0.000294, low=0.000259, high=0.00032, n_unscored=1),
        row("character_error_rate", value=0.091, low=0.04, high=0.18, errors=1027, total=11346),
    ]
    text = printed(rows)
    assert "…" not in text
    for whole in ("unscored", "unsupported_statements_major", "0.00026 to 0.00032", "1027/11346"):
        assert whole in text


def test_cohorts_are_shown_on_request_only():
    rows = [row("under_triage", value=0.0, errors=0, total=3, cohort="language=hi")]
    assert "language=hi" not in printed(rows)
    assert "under_triage [language=hi]" in printed(rows, cohorts=True)
