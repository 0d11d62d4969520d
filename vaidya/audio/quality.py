"""How good a recording is: level, silence, clipping. One pass in blocks, so an hour costs no second copy."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vaidya.config import AudioConfig
from vaidya.errors import AudioNotFiniteError
from vaidya.schema import AudioFlag
from vaidya.units import samples_of

FRAME_S = 0.03  # shorter than a vowel, longer than a pitch period
FRAMES_PER_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Quality:
    """Levels of a recording: as in `RecordingInfo`; all shares are of the whole duration."""

    peak: float
    rms_dbfs: float | None
    silence_share: float
    clipped_share: float

    def flags(self, config: AudioConfig) -> tuple[AudioFlag, ...]:
        """What a person should know before trusting what was heard."""
        silent = self.rms_dbfs is None or self.silence_share >= config.silent_share
        quiet = not silent and self.rms_dbfs is not None and self.rms_dbfs < config.quiet_dbfs
        found = {
            AudioFlag.CLIPPED: self.clipped_share > config.clipped_share,
            AudioFlag.SILENT: silent,
            AudioFlag.QUIET: quiet,
        }
        return tuple(flag for flag, present in found.items() if present)


def measure(samples: np.ndarray, config: AudioConfig) -> Quality:
    """Levels of mono samples, shape (n,), n > 0.

    Raises:
        AudioNotFiniteError: a sample is NaN or infinite.
    """
    energy, peak = 0.0, 0.0
    silent, clipped = 0, 0
    floor = 10 ** (config.silence_dbfs / 20)
    for block in _blocks(samples):
        if not np.isfinite(block).all():
            raise AudioNotFiniteError(
                "the recording holds samples that are NaN or infinite; export it again as 16-bit WAV or FLAC"
            )
        magnitude = np.abs(block)
        peak = max(peak, float(magnitude.max()))
        clipped += int((magnitude >= config.clip_level).sum())
        energy += float(np.square(block, dtype=np.float64).sum())
        silent += _silent_samples(block, floor)
    mean_square = energy / len(samples)
    return Quality(
        peak=peak,
        rms_dbfs=10 * float(np.log10(mean_square)) if mean_square > 0 else None,
        silence_share=silent / len(samples),
        clipped_share=clipped / len(samples),
    )


def _blocks(samples: np.ndarray) -> Iterator[np.ndarray]:
    step = samples_of(FRAME_S) * FRAMES_PER_BLOCK
    for start in range(0, len(samples), step):
        yield samples[start : start + step]


def _silent_samples(block: np.ndarray, floor: float) -> int:
    frame = samples_of(FRAME_S)
    starts = np.arange(0, len(block), frame)
    lengths = np.minimum(frame, len(block) - starts)
    mean_square = np.add.reduceat(np.square(block, dtype=np.float64), starts) / lengths
    return int(lengths[mean_square < floor**2].sum())
