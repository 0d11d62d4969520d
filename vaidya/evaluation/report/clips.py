"""A case's recording as an address that needs no second file: small files as they are, long ones as low-rate Opus."""

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vaidya.audio import read_recording
from vaidya.config import AudioConfig
from vaidya.corpora import audio_path
from vaidya.errors import AudioError
from vaidya.schema import Case, Recording
from vaidya.units import SAMPLE_RATE_HZ

SMALL_BYTES = 100_000  # embedded as it is, in its own quality
OPUS_BITS_PER_S = 16_000  # wideband speech, RFC 6716 section 2.1.1: quarter of an hour takes 1.8 MB
FRAME_SAMPLES = SAMPLE_RATE_HZ // 50  # 20 ms, Opus' usual frame
MAX_CLIP_BYTES = 2_000_000
MAX_AUDIO_BYTES = 12_000_000  # of all recordings of a page; a phone has to hold them
_MEDIA = {".ogg": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav", ".mp3": "audio/mpeg"}


@dataclass(slots=True)
class Clips:
    """The recordings of one page, as far as there is room; `left` is what more they may take."""

    config: AudioConfig
    left: int = field(default=MAX_AUDIO_BYTES)

    def of(self, case: Case) -> tuple[str | None, str]:
        """An address to play, or None with the reason why not."""
        path = audio_path(case)
        if path is None:
            return None, "This case came as text."
        if not path.is_file():
            return None, f"{path.name} is missing on this machine."
        try:
            media, sound = _playable(path, self.config)
        except AudioError as error:
            return None, f"{path.name} cannot be read: {error.code}."
        if len(sound) > MAX_CLIP_BYTES:
            return None, f"{path.name} is too large for this page: {len(sound) / 1e6:.1f} MB as low-rate Opus."
        if len(sound) > self.left:
            return None, f"No room is left for {path.name}: a page may hold {MAX_AUDIO_BYTES / 1e6:g} MB of sound."
        self.left -= len(sound)
        return f"data:{media};base64,{base64.b64encode(sound).decode()}", ""


def _playable(path: Path, config: AudioConfig) -> tuple[str, bytes]:
    """Media type and bytes of a recording that is small enough to stand in a page."""
    if path.suffix in _MEDIA and path.stat().st_size <= SMALL_BYTES:
        return _MEDIA[path.suffix], path.read_bytes()
    return "audio/ogg", as_opus(read_recording(path, config))


def as_opus(recording: Recording) -> bytes:
    """An Ogg file of one Opus stream, mono, at a rate that is fit for speech."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono", bit_rate=OPUS_BITS_PER_S)
        samples = (np.clip(recording.samples, -1, 1) * np.iinfo(np.int16).max).astype(np.int16)
        for start in range(0, len(samples), FRAME_SAMPLES):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + FRAME_SAMPLES], "s16", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()
