"""What every listener and every encoder does, and how one is found by name."""

from typing import Protocol

import numpy as np

from vaidya.config import AcousticConfig
from vaidya.schema import Findings, Recording, WeightsUsed

SOUND_LISTENER = "vaidya.acoustic.listener:SoundListener"


class Encoder(Protocol):
    """Two-second clips -> vectors.

    A constructor takes the `AcousticConfig` alone and loads the weights.
    """

    name: str
    weights: tuple[WeightsUsed, ...]
    dimension: int

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32. A vector depends on its clip alone."""
        ...


class Listener(Protocol):
    """Recording -> Findings. Raises ListeningError when the engine fails; silence and shortness are states."""

    name: str
    weights: tuple[WeightsUsed, ...]

    def listen(self, recording: Recording) -> Findings:
        """Events, rates and, where a probe has earned it, a weighted signal."""
        ...


def load_encoder(config: AcousticConfig) -> Encoder:
    """The encoder that the configuration names.

    Raises:
        UnknownBackendError: there is none of that name.
        BackendMissingError: its library is not installed.
        WeightsError: its weights are not here and cannot be fetched.
    """
    from vaidya.backends import names, resolve

    return resolve(names("vaidya.encoders"), config.backend)(config)


def load_listener(config: AcousticConfig) -> Listener:
    """The listener that the configuration names: a whole one, or the sound listener around an encoder of that name.

    Raises:
        UnknownBackendError: neither a listener nor an encoder has that name.
    """
    from vaidya.backends import names, resolve

    table = {**dict.fromkeys(names("vaidya.encoders"), SOUND_LISTENER), **names("vaidya.listeners")}
    return resolve(table, config.backend)(config)
