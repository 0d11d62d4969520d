"""Real recordings in every container, made on the spot with the encoders that PyAV carries."""

import io
import struct
from fractions import Fraction

import av
import numpy as np

# name -> (muxer, encoder, sample rate). AAC and MP3 pad at both ends; Opus always runs at 48 kHz.
SOUND = {
    "wav": ("wav", "pcm_s16le", 16_000),
    "float_wav": ("wav", "pcm_f32le", 44_100),
    "flac": ("flac", "flac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "m4a": ("ipod", "aac", 44_100),
    "ogg_opus": ("ogg", "libopus", 48_000),
    "ogg_flac": ("ogg", "flac", 44_100),
    "webm": ("webm", "libopus", 48_000),
}
DECLARING = ("wav", "flac", "mp3", "m4a", "webm")


def tone(seconds: float, rate_hz: int, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    """A sine, float32, shape (n,)."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def encode(samples: np.ndarray, kind: str, *, channels: int = 1, cover: bool = False) -> bytes:
    """A file of the kind, each channel holding `samples`, at the kind's own sample rate."""
    muxer, encoder, rate = SOUND[kind]
    target = io.BytesIO()
    with av.open(target, "w", format=muxer) as container:
        layout = {1: "mono", 2: "stereo"}[channels]
        stream = container.add_stream(encoder, rate=rate, layout=layout)
        picture = _add_cover(container) if cover else None
        frame = av.AudioFrame.from_ndarray(np.tile(samples, (channels, 1)), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        _mux(container, stream, frame)
        if picture is not None:
            _mux(container, picture, av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8)))
    return target.getvalue()


def _mux(container, stream, frame) -> None:
    for part in (frame, None):
        for packet in stream.encode(part):
            container.mux(packet)


def _add_cover(container):
    picture = container.add_stream("mjpeg", rate=1)
    picture.width, picture.height, picture.pix_fmt = 32, 32, "yuvj420p"
    picture.disposition = av.stream.Disposition.attached_pic
    return picture


def film(muxer: str = "mp4", encoder: str = "mpeg4", *, sound: bool = True) -> bytes:
    """A short moving picture, with or without a sound track."""
    target = io.BytesIO()
    with av.open(target, "w", format=muxer) as container:
        picture = container.add_stream(encoder, rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        track = container.add_stream("aac", rate=44_100, layout="mono") if sound else None
        for shade in range(5):
            for packet in picture.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade, np.uint8))):
                container.mux(packet)
        for packet in picture.encode(None):
            container.mux(packet)
        if track is not None:
            frame = av.AudioFrame.from_ndarray(tone(1, 44_100)[None], format="fltp", layout="mono")
            frame.sample_rate = 44_100
            _mux(container, track, frame)
    return target.getvalue()


def long_flac(seconds: float) -> bytes:
    """Digital silence, which FLAC writes in a few bytes a block."""
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8_000, layout="mono")
        block = np.zeros((1, 8_000 * 60), np.int16)
        for minute in range(round(seconds / 60)):
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8_000, minute * block.size, Fraction(1, 8_000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return target.getvalue()


def declaring_wav(samples: np.ndarray, declared_s: float, rate_hz: int = 16_000) -> bytes:
    """A 16-bit WAV whose header states another length than its data has."""
    data = (samples * 32_767).astype("<i2").tobytes()
    stated = min(0xFFFFFFFF, round(declared_s * rate_hz) * 2)
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, rate_hz * 2, 2, 16)
    riff = b"RIFF" + struct.pack("<I", min(0xFFFFFFFF, stated + 36)) + b"WAVE"
    return riff + b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", stated) + data
