"""Whatever the bytes are: a recording, or a coded error that says what was found and what to do."""

import os
import socket

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaidya import errors
from vaidya.audio import read_recording
from vaidya.config import AudioConfig
from vaidya.schema import AudioFlag

HOUR_S = 3_600.0


def test_no_file(tmp_path):
    with pytest.raises(errors.AudioNotFoundError, match=r"no file at .*nobody\.wav"):
        read_recording(tmp_path / "nobody.wav")
    with pytest.raises(errors.AudioNotFoundError, match="cannot open"):
        read_recording("a\0b.wav")


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    with pytest.raises(errors.AudioFormatError, match="named pipe"):
        read_recording(pipe)
    with pytest.raises(errors.AudioFormatError, match="folder"):
        read_recording(tmp_path)
    with pytest.raises(errors.AudioFormatError, match="device"):
        read_recording("/dev/zero")


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may have 108 bytes only
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.wav")
        with pytest.raises(errors.AudioError):
            read_recording("s.wav")


def test_zero_bytes(tmp_path):
    empty = tmp_path / "empty.wav"
    empty.touch()
    for source in (empty, b""):
        with pytest.raises(errors.AudioEmptyError, match="no bytes"):
            read_recording(source)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_zero_samples(kind, containers):
    header = containers.declaring_wav(np.zeros(0), 0.0) if kind == "wav" else None
    source = header or containers.encode(np.zeros(1, np.float32), "flac")
    with pytest.raises((errors.AudioEmptyError, errors.AudioTooShortError, errors.AudioFormatError)):
        read_recording(source)


@pytest.mark.parametrize(
    "source",
    [
        b"patient: I have had a cough since Monday\n" * 200,
        b"%PDF-1.7\n" + bytes(5_000),
        b"\x89PNG\r\n\x1a\n" + bytes(5_000),
        b"PK\x03\x04" + bytes(5_000),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        bytes(20_000),
        b"RIFF",
        b"RIFF\x10\x00\x00\x00WAVE",
        b"OggS",
        b"fLaC",
        b"ID3",
    ],
)
def test_what_is_not_a_recording(source):
    with pytest.raises((errors.AudioFormatError, errors.AudioEmptyError)) as caught:
        read_recording(source)
    assert "cough" not in str(caught.value)


@pytest.mark.parametrize(
    ("muxer", "encoder", "sound"),
    [("mp4", "mpeg4", True), ("mp4", "mpeg4", False), ("matroska", "mpeg4", True), ("webm", "libvpx", False)],
)
def test_a_video_is_refused_with_what_was_found(muxer, encoder, sound, containers):
    with pytest.raises(errors.AudioFormatError, match=r"is a video .* with (mpeg4|vp8) video"):
        read_recording(containers.film(muxer, encoder, sound=sound))


def test_too_short(containers):
    with pytest.raises(errors.AudioTooShortError, match=r"lasts 0\.20 s; at least 0\.30 s"):
        read_recording(containers.encode(containers.tone(0.2, 44_100), "flac"))


def test_too_many_bytes(tmp_path):
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(26 * 1024 * 1024)
    for source in (path, bytes(26 * 1024 * 1024)):
        with pytest.raises(errors.AudioTooLargeError, match=r"26\.0 MiB; at most 25 MiB"):
            read_recording(source)


def test_a_small_file_that_unfolds_to_an_hour(containers):
    bomb = containers.long_flac(HOUR_S)
    assert len(bomb) < 700_000
    with pytest.raises(errors.AudioTooLongError, match="at most 900 s"):
        read_recording(bomb)


def test_the_limit_holds_when_the_header_says_less(containers):
    source = bytearray(containers.long_flac(120))
    # STREAMINFO's 36-bit number of samples: unknown.
    source[21] &= 0xF0
    source[22:26] = bytes(4)
    with pytest.raises(errors.AudioTooLongError, match="holds more than 60 s"):
        read_recording(bytes(source), AudioConfig(max_duration_s=60))
    assert read_recording(bytes(source)).info.declared_s is None


def test_a_day_that_is_only_declared(containers):
    with pytest.raises(errors.AudioTooLongError, match="declares 86400 s"):
        read_recording(containers.declaring_wav(containers.tone(2, 16_000), 24 * HOUR_S))


def test_decoding_stops_at_its_time_limit(containers):
    with pytest.raises(errors.AudioLimitError, match=r"more than 0\.02 s"):
        read_recording(containers.long_flac(600), AudioConfig(max_decode_s=0.02))


def test_decoding_stops_at_its_memory_limit(containers):
    large = containers.declaring_wav(containers.tone(600, 16_000), 600)
    with pytest.raises(errors.AudioLimitError, match="96 MiB of memory"):
        read_recording(large, AudioConfig(max_memory_bytes=96 << 20))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(value, containers):
    samples = containers.tone(2, 44_100)
    samples[1_000] = value
    with pytest.raises(errors.AudioNotFiniteError, match="NaN or infinite"):
        read_recording(containers.encode(samples, "float_wav"))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "webm"])
def test_a_file_cut_in_half_is_kept_and_flagged(kind, two_seconds):
    whole = two_seconds[kind]
    info = read_recording(whole[: len(whole) // 2]).info
    assert AudioFlag.TRUNCATED in info.flags
    assert 0.5 < info.duration_s < 1.5


def test_an_m4a_whose_index_was_cut_off_is_no_recording(two_seconds):
    whole = two_seconds["m4a"]
    with pytest.raises(errors.AudioFormatError):
        read_recording(whole[: len(whole) // 2])


def test_a_damaged_block_is_left_out_not_played_as_noise(containers):
    whole = bytearray(containers.encode(containers.tone(4, 44_100), "flac"))
    for position in range(len(whole) // 4, len(whole) // 2):
        whole[position] ^= 0x55
    recording = read_recording(bytes(whole))
    assert AudioFlag.TRUNCATED in recording.info.flags
    assert recording.info.peak < 0.52


KINDS = ["wav", "flac", "mp3", "m4a", "ogg_opus", "webm"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tenths", [1, 3, 5, 7, 9])
def test_a_file_cut_anywhere_is_an_error_or_flagged(kind, tenths, two_seconds):
    whole = two_seconds[kind]
    try:
        info = read_recording(whole[: len(whole) * tenths // 10]).info
    except errors.AudioError:
        return
    assert AudioFlag.TRUNCATED in info.flags or info.duration_s > 0.95 * 2.0


def test_a_whole_file_of_each_kind_is_not_flagged(two_seconds):
    for kind in KINDS:
        assert AudioFlag.TRUNCATED not in read_recording(two_seconds[kind]).info.flags, kind


def test_our_own_recording_that_was_cut_off_is_flagged(repository):
    audio = repository / "eval" / "cases" / "audio"
    paths = (audio / f"{name}.ogg" for name in ("en-chest-pain", "hi-copd", "ns-tones", "ns-truncated"))
    flagged = [path.stem for path in paths if AudioFlag.TRUNCATED in read_recording(path).info.flags]
    assert flagged == ["ns-truncated"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_crashes_nor_leaves_what_is_no_sound(kind, two_seconds, data):
    source = bytearray(two_seconds[kind])
    for _ in range(data.draw(st.integers(1, 20))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(source)))
    try:
        recording = read_recording(bytes(source[:cut]))
    except errors.AudioError:
        return
    assert np.isfinite(recording.samples).all()
    assert np.abs(recording.samples).max() <= 1.0
