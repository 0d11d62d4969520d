"""Rows as a page shows them: the few that a reader wants first, all of them by dataset and arm, and what each means."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.table import counts, interval, number
from vaidya.settings import repository_root

# Metric -> what it says in words; shown at the top of the page in this order, as far as the rows hold them.
HEADLINES = {
    "under_triage": "Sent to wait longer than is safe",
    "emergency_recall": "Emergencies recognised",
    "over_triage": "Seen sooner than needed",
    "needs_human": "Sent to a person",
    "metamorphic_violations": "Relations broken",
    "omitted_critical_facts": "Critical facts left out of the note",
    "unsupported_statements": "Statements that nothing said supports",
    "unmarked_unsupported": "Shown as supported and is not",
    "statements_as_spoken": "Left as it was spoken, not written as a finding",
    "word_error_rate_trusted": "Word errors, trusted transcripts",
    "words_in_non_speech": "Words a minute where nobody spoke",
    "event_macro_f1": "Sounds told apart, macro F1",
    "preliminary_s_p50": "First tier, median seconds from the vital signs",
    "total_s_p50": "Whole consultation, median seconds",
    "total_s_p95": "Whole consultation, 95th percentile",
}
_PERCENTILE = re.compile(r"_p\d\d$")


def row_view(row: Row) -> dict[str, str]:
    """A row as text."""
    why = f" ({row.reason})" if row.reason else ""
    # A rate of words or statements also says of how many cases they are.
    of_cases = [f"n={row.n_scored}"] if row.total is not None and row.total > row.n_scored else []
    unscored = [f"{row.n_unscored} unscored{why}"] if row.n_unscored else [row.reason or ""]
    return {
        "dataset": row.dataset,
        "metric": row.metric,
        "cohort": row.cohort,
        "value": number(row.value),
        "interval": interval(row),
        "counts": counts(row),
        "cases": ", ".join(part for part in of_cases + unscored if part),
    }


def glance(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The pipeline's headline numbers, a group a dataset."""
    ours = {(row.dataset, row.metric): row for row in rows if row.arm == PIPELINE_ARM and row.cohort == ALL}
    groups = []
    for dataset in dict.fromkeys(dataset for dataset, _ in ours):
        found = [(label, ours[dataset, metric]) for metric, label in HEADLINES.items() if (dataset, metric) in ours]
        tiles = [row_view(row) | {"label": label} for label, row in found if row.value is not None]
        groups += [{"dataset": dataset, "tiles": tiles}] if tiles else []
    return groups


def results(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Every row over all cases, grouped by dataset, then by arm."""
    return _grouped((row, row.arm) for row in rows if row.cohort == ALL)


def cohorts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The pipeline's rows by cohort, grouped by dataset, then by cohort."""
    return _grouped((row, row.cohort) for row in rows if row.cohort != ALL and row.arm == PIPELINE_ARM)


def _grouped(rows: Iterable[tuple[Row, str]]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row, name in rows:
        groups.setdefault(row.dataset, {}).setdefault(name, []).append(row_view(row))
    return [
        {"dataset": dataset, "groups": [{"name": name, "rows": shown} for name, shown in named.items()]}
        for dataset, named in groups.items()
    ]


def meanings(rows: Iterable[Row]) -> dict[str, str]:
    """The definition of each metric that the rows hold, as its card in `eval/cards/` states it."""
    names = dict.fromkeys(_PERCENTILE.sub("", row.metric) for row in rows)
    return {name: _definitions()[name] for name in names if name in _definitions()}


@cache
def _definitions() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((repository_root() / "eval" / "cards").glob("*.md")):
        parts = path.read_text(encoding="utf-8").split("\n\n")
        fields = {part.partition(":")[0]: " ".join(part.partition(":")[2].split()) for part in parts}
        ids = re.findall(r"`([a-z0-9_-]+)`", fields.get("Metric id", fields.get("Metric ids", "")))
        found |= {_PERCENTILE.sub("", name): fields.get("Definition", "") for name in ids or [path.stem]}
    return {name: text for name, text in found.items() if text}
