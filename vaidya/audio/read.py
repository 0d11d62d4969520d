"""Source -> Recording, or the reason why not."""

from pathlib import Path

import numpy as np

from vaidya.audio.decode import Decoded, decode
from vaidya.audio.quality import measure
from vaidya.audio.source import pieces
from vaidya.config import AudioConfig
from vaidya.errors import AudioTooShortError
from vaidya.schema import AudioFlag, Recording, RecordingInfo
from vaidya.units import SAMPLE_RATE_HZ


def read_recording(source: str | Path | bytes, config: AudioConfig = AudioConfig()) -> Recording:  # noqa: B008
    """A recording from a file's path or its bytes: mono, 16 kHz, float32 in [-1, 1], read-only samples.

    The format is found from the content. A file that decodes to less than it declares, or that has damaged parts,
    is a Recording with the flag TRUNCATED as long as something usable was left.

    Raises:
        AudioError: a subclass for each way in which a recording cannot be used; every message says what to do.
    """
    source = Path(source) if isinstance(source, str) else source
    decoded = decode(pieces(source, config.max_bytes), config)
    duration_s = len(decoded.samples) / SAMPLE_RATE_HZ
    if duration_s < config.minimum_s:
        raise AudioTooShortError(
            f"the recording lasts {duration_s:.2f} s; at least {config.minimum_s:.2f} s is needed. "
            "Record again, or lower `audio.minimum_s`."
        )
    return _recording(decoded, config)


def _recording(decoded: Decoded, config: AudioConfig) -> Recording:
    quality = measure(decoded.samples, config)
    flags = quality.flags(config)
    if _truncated(decoded, config):
        flags = (AudioFlag.TRUNCATED, *flags)
    # Float files and resampling may pass full scale; what lies above it is clipped, and was counted as such.
    samples = decoded.samples
    if quality.peak > 1:
        np.clip(samples, -1, 1, out=samples)
    samples.flags.writeable = False
    info = RecordingInfo(
        sha256=decoded.sha256,
        size_bytes=decoded.size_bytes,
        container=decoded.report["container"],
        codec=decoded.report["codec"],
        source_rate_hz=decoded.report["source_rate_hz"],
        channels=decoded.report["channels"],
        duration_s=len(samples) / SAMPLE_RATE_HZ,
        declared_s=decoded.report["declared_s"],
        peak=min(1.0, quality.peak),
        rms_dbfs=quality.rms_dbfs,
        silence_share=quality.silence_share,
        clipped_share=quality.clipped_share,
        flags=flags,
    )
    return Recording(samples=samples, info=info)


def _truncated(decoded: Decoded, config: AudioConfig) -> bool:
    report, declared = decoded.report, decoded.report["declared_s"]
    if report["stopped"] == "damage" or report["cut"] or (declared is None and report["tally"]["damaged"]):
        return True
    return declared is not None and len(decoded.samples) < config.declared_share * declared * SAMPLE_RATE_HZ


def recording_of(samples: np.ndarray, config: AudioConfig = AudioConfig()) -> Recording:  # noqa: B008
    """A recording of samples that are in memory already: float32 in [-1, 1], mono, 16 kHz, shape (n,), n > 0.

    Its sha256 is that of the samples; it is labelled as raw PCM of the same rate.

    Raises:
        AudioNotFiniteError: a sample is NaN or infinite.
    """
    import hashlib

    raw = np.ascontiguousarray(samples, dtype=np.float32).copy()
    report = {
        "container": "raw",
        "codec": "pcm_f32le",
        "source_rate_hz": SAMPLE_RATE_HZ,
        "channels": 1,
        "declared_s": None,
        "cut": False,
        "stopped": None,
        "tally": {"packets": 0, "damaged": 0},
    }
    digest = hashlib.sha256(raw.tobytes()).hexdigest()
    return _recording(Decoded(samples=raw, report=report, sha256=digest, size_bytes=raw.nbytes), config)
