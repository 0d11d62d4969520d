"""What every listener and every encoder does."""

from typing import Protocol

import numpy as np

from vaidya.config import AcousticConfig
from vaidya.schema import Findings, Recording, WeightsUsed


class Encoder(Protocol):
    """Two-second clips -> vectors.

    A constructor takes the `AcousticConfig` alone and loads the weights.
    """

    name: str
    weights: tuple[WeightsUsed, ...]
    dimension: int

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32. A clip's vector depends on that clip alone."""
        ...


class Listener(Protocol):
    """Recording -> Findings. Raises ListeningError when the engine fails; silence and shortness are states."""

    name: str
    weights: tuple[WeightsUsed, ...]

    def listen(self, recording: Recording) -> Findings:
        """Events, rates and, where a probe has earned it, a weighted signal."""
        ...


def load_listener(config: AcousticConfig) -> Listener:
    """The listener that the configuration names."""
    from vaidya.backends import names, resolve

    return resolve(names("vaidya.listeners"), config.backend)(config)
