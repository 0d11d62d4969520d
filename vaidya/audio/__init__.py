"""File or bytes -> Recording: decode in a killable child, check, resample, describe; Recording -> windows of 2 s.

`read_recording` takes WAV, FLAC, MP3, M4A, OGG/Opus and WebM by their content, whatever the file is called, and gives
mono float32 at 16 kHz. What cannot be used is a coded `AudioError`; what can be used with care is a flag.
"""

from vaidya.audio.read import read_recording
from vaidya.audio.window import windows

__all__ = ["read_recording", "windows"]
