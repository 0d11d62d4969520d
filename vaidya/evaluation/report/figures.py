"""Which pictures a suite's report shows."""

from collections.abc import Sequence
from typing import Any

from vaidya.evaluation.acoustic import label_score, reliability
from vaidya.evaluation.acoustic_table import Listened
from vaidya.evaluation.report import plots, sound
from vaidya.evaluation.rows import PIPELINE_ARM, Row
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.triage import abstention_curve, acceptable_tiers

# Metric -> what the picture says; a forest plot is drawn for each that the rows hold.
FORESTS = {
    "under_triage": "Under-triage: sent to wait longer than is safe",
    "emergency_recall": "Emergencies recognised",
    "over_triage": "Over-triage: seen sooner than needed",
    "omitted_critical_facts": "Critical facts left out of the note",
    "unsupported_statements": "Statements that nothing said supports",
    "rouge1": "ROUGE-1 against the reference note",
    "event_macro_f1": "Sound events, macro F1",
}


def suite_figures(
    runs: Sequence[ArmOutcomes], rows: Sequence[Row], listened: Sequence[Listened] = ()
) -> dict[str, Any]:
    """Figures by their alternative text."""
    figures: dict[str, Any] = {}
    for metric, title in FORESTS.items():
        if any(row.metric == metric and row.value is not None for row in rows):
            figures[title] = plots.forest(rows, metric, title)
    for run in (run for run in runs if run.arm == PIPELINE_ARM):
        figures |= _of_run(run)
    if any(row.metric == "word_error_rate" and row.cohort.startswith("language=") for row in rows):
        title = "Word error rate by language"
        figures[title] = plots.by_cohort(rows, "word_error_rate", "language", title)
    return figures | _asking(runs) | _of_clips(listened)


def _asking(runs: Sequence[ArmOutcomes]) -> dict[str, Any]:
    """Risk against coverage, a line a dataset."""
    own = {run.dataset.name: abstention_curve(run.outcomes) for run in runs if run.arm == PIPELINE_ARM}
    curves = {name: points for name, points in own.items() if points}
    title = "Under-triage among those decided without a person"
    return {title: plots.risk_coverage(curves, title)} if curves else {}


def _of_clips(listened: Sequence[Listened]) -> dict[str, Any]:
    """How far the probabilities of each sound can be believed."""
    figures = {}
    for one in listened:
        named = [clip for clip in one.clips if clip.scores]
        labels = sorted({clip.reference for clip in named})
        bins = {
            label: reliability([c.reference == label for c in named], [label_score(c, label) for c in named])
            for label in labels
        }
        if bins:
            title = f"Reliability of each sound's probability, {one.dataset}"
            figures[title] = sound.reliability_diagram(bins, title)
    return figures


def _of_run(run: ArmOutcomes) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    records = [outcome for outcome in run.outcomes if outcome.record is not None]
    if any(len(acceptable_tiers(outcome.case)) == 1 for outcome in records):
        title = f"Reference and decided tier, {run.dataset.name}"
        figures[title] = plots.confusion(records, title)
    if any((outcome.record.timings.get("note") or 0.0) > 0 for outcome in records if outcome.record):
        title = f"Seconds by stage, {run.dataset.name}"
        figures[title] = plots.stage_times(records, title)
    return figures
