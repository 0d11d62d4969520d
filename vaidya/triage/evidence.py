"""What a decision may rest on."""

from dataclasses import dataclass

from vaidya.schema import Findings, FindingsState, NoteState, Patient, Tier, Transcript, TranscriptState, Vitals

NO_AUDIO = "NO_AUDIO"  # the transcript's reason when no recording was given, so that no speech was expected


@dataclass(frozen=True, slots=True)
class TriageInput:
    """Everything the earlier stages found; what they could not find is absent, never a normal value.

    complaint: as somebody typed it, in any language. model_tier: the language model's tier, None when it gave none.
    note_state: DRAFTED says that a model was asked and answered. model_reads: False when it was not asked because it
    does not read the consultation's language. note_cut: its note was cut where it left what was said. truncated: the
    recording's file was cut off or damaged, so that part of what was recorded was never heard. failures: "stage:CODE"
    for each stage that failed.
    """

    vitals: Vitals
    patient: Patient
    complaint: str | None
    transcript: Transcript
    findings: Findings
    model_tier: Tier | None = None
    note_state: NoteState = NoteState.ABSTAINED
    model_reads: bool = True
    note_cut: bool = False
    truncated: bool = False
    failures: tuple[str, ...] = ()

    @property
    def speech_expected(self) -> bool:
        """Whether a recording was given, so that silence is a gap in what is known."""
        return NO_AUDIO not in self.transcript.reasons

    @property
    def failed_stages(self) -> frozenset[str]:
        """Names of the stages that failed."""
        return frozenset(failure.partition(":")[0] for failure in self.failures)


def without_recording(vitals: Vitals, patient: Patient, complaint: str | None = None) -> TriageInput:
    """The evidence of a patient nobody recorded: vital signs and a typed complaint."""
    silence = Transcript(state=TranscriptState.NO_SPEECH, reasons=(NO_AUDIO,), transcriber="none")
    nothing = Findings(state=FindingsState.NO_AUDIO, encoder="none", weight_reason="nothing was listened to")
    return TriageInput(vitals, patient, complaint, silence, nothing)
