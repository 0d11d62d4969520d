"""The card of a registered version: what it is, how it was judged, what it is not for."""

from collections.abc import Mapping, Sequence

from vaidya.config import RunConfig
from vaidya.evaluation.rows import ALL, PIPELINE_ARM, Row
from vaidya.evaluation.table import counts, interval, number
from vaidya.registry.weights import Pin

NOT_FOR = (
    "diagnosis, treatment decisions, or any use without a clinician who reviews each record",
    "rules for under 16, in pregnancy or at unknown age: they may raise the tier only, and a person is always asked",
    "speech in a language whose transcript comes out UNRELIABLE: the record says so and holds no drafted note",
    "a tier lowered because of what was not said or not measured: unknown is never ROUTINE",
)


def write_card(config: RunConfig, rows: Sequence[Row], pins: Sequence[Pin], origin: Mapping[str, str | None]) -> str:
    """Markdown. origin: evaluation run, git commit and digests, as the registry's tags name them."""
    return "\n".join(
        [
            f"# vaidya, profile {config.profile}",
            "",
            config.description or "Speech and vital signs in, a SOAP note and one of four tiers out.",
            "",
            "**Decision support, not a medical device. A clinician reviews every record.**",
            "",
            "## What it is",
            "",
            *_parts(config, pins),
            "",
            "## How it was judged",
            "",
            *_results(rows),
            "",
            "## Languages",
            "",
            *_languages(rows),
            "",
            "## Not for",
            "",
            *(f"- {line}" for line in NOT_FOR),
            "",
            "## Where it is from",
            "",
            *(f"- {name}: `{value}`" for name, value in origin.items() if value),
            "",
        ]
    )


def _parts(config: RunConfig, pins: Sequence[Pin]) -> list[str]:
    lines = [
        f"- speech: {config.transcript.backend}, {config.transcript.weights}",
        f"- sound: {config.acoustic.backend}; it counts for nothing until a probe has earned a weight",
        f"- language model: {config.llm.backend}, {config.llm.weights or config.llm.model or config.llm.endpoint}",
        f"- prompt: {config.note.prompt}",
    ]
    return lines + [f"- weights {pin.name}: sha256 `{pin.sha256}`" for pin in pins]


def _results(rows: Sequence[Row]) -> list[str]:
    shown = [row for row in rows if row.arm == PIPELINE_ARM and row.cohort == ALL]
    if not shown:
        return ["Not judged: no row of this pipeline was found in the evaluation."]
    head = ["| set | metric | value | 95 % interval | counts |", "|---|---|---|---|---|"]
    return head + [
        f"| {row.dataset} | {row.metric} | {number(row.value)} | {interval(row)} | {counts(row)} |" for row in shown
    ]


def _languages(rows: Sequence[Row]) -> list[str]:
    found = [
        row for row in rows if row.arm == PIPELINE_ARM and row.cohort.startswith("language=") and row.value is not None
    ]
    if not found:
        return ["No result by language was recorded."]
    return [
        f"- {row.cohort.removeprefix('language=')}: {row.metric} {number(row.value)} ({counts(row)}, {row.dataset})"
        for row in found
    ]
