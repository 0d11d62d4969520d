"""eGeMAPS functionals by openSMILE (Eyben et al., IEEE Trans. Affective Computing 2016): an optional comparison.

The library is free for research and evaluation only; it is never a default and no extra of this package brings it.
"""

import numpy as np
import opensmile

from vaidya.config import AcousticConfig
from vaidya.schema import WeightsUsed
from vaidya.units import SAMPLE_RATE_HZ


class OpensmileEncoder:
    """The 88 functionals of eGeMAPS v02 for each clip."""

    name = "opensmile"
    weights: tuple[WeightsUsed, ...] = ()
    dimension = 88

    def __init__(self, config: AcousticConfig) -> None:
        del config  # nothing to load; every encoder is made alike
        self._smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
        )

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32; unvoiced clips get 0 for pitch."""
        rows = [self._smile.process_signal(clip, SAMPLE_RATE_HZ).to_numpy()[0] for clip in clips]
        return np.nan_to_num(np.array(rows, dtype=np.float32).reshape(-1, self.dimension))
