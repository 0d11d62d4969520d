"""Outcomes -> per-case counts, free of patient words: what is tracked, compared and gated."""

from collections.abc import Iterable

from vaidya.evaluation.compare import CaseResult
from vaidya.evaluation.note_facts import omitted_critical_facts
from vaidya.evaluation.note_support import unsupported_statements
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.triage import triage_rates


def case_results(runs: Iterable[ArmOutcomes]) -> list[CaseResult]:
    """One result a case of the pipeline's own arm."""
    return [
        case_result(run.dataset.name, run.arm, outcome)
        for run in runs
        if run.arm == PIPELINE_ARM
        for outcome in run.outcomes
    ]


def case_result(dataset: str, arm: str, outcome: Outcome) -> CaseResult:
    """The counts of one case; a case that could not be run has none."""
    record = outcome.record
    rates = {**triage_rates(outcome), **_note_rates(outcome)}
    return CaseResult(
        dataset=dataset,
        arm=arm,
        case_id=outcome.case.id,
        tier=record.decision.tier if record else None,
        reference=outcome.case.tier,
        needs_human=record.decision.needs_human if record else None,
        rates={name: (float(rate.errors), float(rate.total)) for name, rate in rates.items()},
        seconds=outcome.seconds,
        language=outcome.case.language,
        reason=outcome.reason,
    )


def _note_rates(outcome: Outcome) -> dict[str, Rate]:
    if outcome.record is None:
        return {}
    case, note = outcome.case, outcome.record.note
    rates = {
        "omitted_critical_facts": omitted_critical_facts(case, note),
        "unsupported_statements": unsupported_statements(case, note),
    }
    return {name: rate for name, rate in rates.items() if rate.total}
