"""A listener that says what it was told to: for tests of what stands behind it, never a default."""

from vaidya.config import AcousticConfig
from vaidya.schema import Findings, FindingsState, Recording, WeightsUsed


class ScriptedListener:
    """Gives the same findings for every recording."""

    name = "scripted"
    weights: tuple[WeightsUsed, ...] = ()

    def __init__(self, config: AcousticConfig | None = None, findings: Findings | None = None) -> None:
        del config  # every listener is made alike
        self._findings = findings or Findings(
            state=FindingsState.LISTENED,
            encoder=self.name,
            weight=0.0,
            weight_reason="a scripted listener hears nothing",
        )

    def listen(self, recording: Recording) -> Findings:
        """The findings given at the start, with the recording's own share of silence."""
        return self._findings.model_copy(update={"silence_share": recording.info.silence_share})
