"""Outcomes -> per-case counts, free of patient words: what is tracked, compared and gated."""

from collections.abc import Iterable

from vaidya.evaluation.compare import PAIRED, CaseResult
from vaidya.evaluation.note import RATES, written
from vaidya.evaluation.note_lexical import rouge
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.rows import PIPELINE_ARM
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.transcript import transcript_rates
from vaidya.evaluation.triage import triage_rates

NOTE = {name: RATES[name] for name in PAIRED if name in RATES}


def case_results(runs: Iterable[ArmOutcomes]) -> list[CaseResult]:
    """One result a case of the pipeline's own arm."""
    return [
        case_result(run.dataset.name, run.arm, outcome)
        for run in runs
        if run.arm == PIPELINE_ARM
        for outcome in run.outcomes
    ]


def case_result(dataset: str, arm: str, outcome: Outcome) -> CaseResult:
    """The counts of one case; a case that could not be run has none, and one in which a stage failed says so."""
    record = outcome.record
    rates = {**triage_rates(outcome), **note_rates(outcome), **transcript_rates(outcome)}
    failed = ", ".join(failure.code for failure in record.failures) if record else ""
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
        reason=outcome.reason or failed or None,
    )


def note_rates(outcome: Outcome) -> dict[str, Rate]:
    """The counts of one note; of a section, its overlap with the reference section."""
    rates = {name: rate(outcome.case, outcome.record) for name, rate in NOTE.items()} if outcome.record else {}
    text = written(outcome)
    if outcome.case.note and text is not None:
        rates["rouge1"] = Rate(rouge(outcome.case.note, text)["rouge1"], 1)
    return {name: rate for name, rate in rates.items() if rate.total}
