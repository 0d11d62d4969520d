"""The rules alone on a case's reference words: no audio, no model. For baselines, metamorphic checks and notebooks."""

from vaidya.config import TriageConfig
from vaidya.evaluation.entry import intake_of
from vaidya.schema import Case, Decision, Findings, FindingsState, Tier, Transcript, TranscriptState
from vaidya.transcript.from_text import transcript_from_text
from vaidya.triage import TriageInput, decide
from vaidya.triage.evidence import NO_AUDIO


def evidence_of(case: Case) -> TriageInput:
    """What the rules see of a case. A recording without reference words counts as one in which nothing was heard."""
    intake = intake_of(case, "gold")
    if intake.transcript is not None:
        transcript = transcript_from_text(intake.transcript, intake.language)
    else:
        reasons = () if case.audio else (NO_AUDIO,)
        transcript = Transcript(state=TranscriptState.NO_SPEECH, reasons=reasons, transcriber="reference")
    nothing = Findings(state=FindingsState.NO_AUDIO, encoder="none", weight_reason="nothing was listened to")
    return TriageInput(case.vitals, case.patient, case.complaint, transcript, nothing)


def rules_decision(case: Case, config: TriageConfig | None = None) -> Decision:
    """The decision without a model."""
    return decide(evidence_of(case), config or TriageConfig())


def rules_tier(case: Case, config: TriageConfig | None = None) -> Tier:
    """The tier without a model."""
    return rules_decision(case, config).tier
