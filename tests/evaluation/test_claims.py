"""What was promised beside what was measured: nothing borrowed from another machine, nothing overwritten."""

import pytest

from vaidya.errors import DataError
from vaidya.evaluation.claims import claims_ledger, load_claims, of_bench, of_rows
from vaidya.evaluation.report.html import write_claims
from vaidya.evaluation.rows import Row


def row(metric: str, value: float | None, dataset: str = "cases", **changes) -> Row:
    return Row(dataset=dataset, arm="vaidya", metric=metric, value=value, low=1.0, high=3.0, n_scored=20, **changes)


def line_of(found, text: str) -> dict[str, str]:
    return next(line for line in claims_ledger(found) if line["text"] == text)


WAIT = "The nurse waits 2 to 3 s"


def test_each_dataset_answers_for_itself():
    found = of_rows([row("total_s_p50", 2.0), row("total_s_p50", 9.0, "primock57")], "embedded", "a" * 32)
    line = line_of(found, WAIT)
    assert line["measured"] == "2.00 s (1.00 to 3.00, n=20); 9.00 s (1.00 to 3.00, n=20)"
    assert line["where"] == "run aaaaaaaa, cases, embedded; run aaaaaaaa, primock57, embedded"


def test_another_machines_number_is_no_answer():
    assert line_of(of_rows([row("total_s_p50", 2.0)], "cpu", "a" * 32), WAIT)["measured"] == "not measured here"


def test_cohorts_and_undefined_rows_do_not_answer():
    rows = [row("total_s_p50", 2.0, cohort="language=hi"), row("total_s_p50", None)]
    assert of_rows(rows, "embedded", "a" * 32) == []


def bench_row(metric: str, **changes) -> dict:
    return {
        "metric": metric,
        "value": 12.5,
        "low": None,
        "high": None,
        "n": 1,
        "arm": "vaidya",
        "state": "warm",
    } | changes


def test_what_the_instrument_measured_counts():
    rows = [
        bench_row("decode_tokens_per_s"),
        bench_row("total_s_p50", state="cold"),
        bench_row("total_s_p50", arm="peer:seed"),
    ]
    found = of_bench({"profile": "embedded", "consultation": {"seconds": 60.0}, "rows": rows}, "bench.json")
    line = line_of(found, "Tokens per second on a CPU")
    assert (line["measured"], line["where"]) == ("12.5 /s (n=1)", "bench.json, 60 s of speech, embedded")
    assert line_of(found, WAIT)["measured"] == "not measured here"
    with pytest.raises(DataError, match="no report"):
        of_bench({"rows": []}, "other.json")


def test_every_claim_stands_on_the_page(tmp_path):
    lines = claims_ledger([])
    page = write_claims(
        tmp_path / "claims.html", [*lines, {"text": "<b>x</b>", "promised": "", "measured": "", "where": ""}]
    )
    text = page.read_text()
    assert text.count("<tr>") == len(load_claims()) + 2
    assert "<b>x" not in text
    assert "default-src 'none'" in text
