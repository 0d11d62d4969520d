"""Every container in, the same sound out; what it says about itself is kept and checked."""

import hashlib

import numpy as np
import pytest

from vaidya.audio import read_recording
from vaidya.config import AudioConfig
from vaidya.schema import AudioFlag

KINDS = ("wav", "float_wav", "flac", "mp3", "m4a", "ogg_opus", "ogg_flac", "webm")


@pytest.mark.parametrize("kind", KINDS)
def test_every_container_gives_the_tone_it_holds(kind, two_seconds):
    recording = read_recording(two_seconds[kind])
    info = recording.info
    assert recording.samples.dtype == np.float32
    assert recording.samples.ndim == 1
    assert info.duration_s == pytest.approx(2.0, abs=0.06)  # AAC pads its last block
    assert info.sha256 == hashlib.sha256(two_seconds[kind]).hexdigest()
    assert info.flags == ()
    spectrum = np.abs(np.fft.rfft(recording.samples[8_000:24_000]))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert info.rms_dbfs == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.6)


@pytest.mark.parametrize("kind", ["wav", "flac", "m4a", "webm"])
def test_two_equal_channels_are_as_loud_as_one(kind, containers):
    rate = containers.SOUND[kind][2]
    info = read_recording(containers.encode(containers.tone(2, rate), kind, channels=2)).info
    assert info.channels == 2
    assert info.rms_dbfs == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.2)


@pytest.mark.parametrize(
    ("count", "rate_hz"), [(88_199, 44_100), (88_200, 44_100), (96_001, 48_000), (16_001, 8_000), (22_051, 22_050)]
)
def test_lengths_are_rounded_not_cut(count, rate_hz, containers):
    samples = containers.tone(count / rate_hz, rate_hz)
    assert len(samples) == count
    recording = read_recording(containers.declaring_wav(samples, count / rate_hz, rate_hz))
    assert len(recording.samples) == round(count * 16_000 / rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000])
def test_resampling_moves_nothing_in_time(rate_hz, containers):
    recording = read_recording(containers.declaring_wav(containers.tone(2, rate_hz, hz=1_234), 2, rate_hz))
    exact = 0.5 * np.sin(2 * np.pi * 1_234 * np.arange(32_000) / 16_000)
    assert np.abs(recording.samples - exact)[500:-500].max() < 3e-4


def test_what_16_khz_cannot_hold_does_not_come_back_as_another_tone(containers):
    recording = read_recording(containers.declaring_wav(containers.tone(2, 44_100, hz=11_000), 2, 44_100))
    assert np.abs(recording.samples)[500:-500].max() < 1e-3  # the tone's abrupt ends hold every frequency


@pytest.mark.parametrize("kind", ["mp3", "flac"])
def test_cover_art_is_not_a_video(kind, containers):
    recording = read_recording(containers.encode(containers.tone(2, 44_100), kind, cover=True))
    assert recording.info.codec == kind


@pytest.mark.parametrize("kind", ["flac", "mp3", "webm"])
def test_the_content_decides_not_the_extension(kind, two_seconds, tmp_path):
    path = tmp_path / "recording.wav"
    path.write_bytes(two_seconds[kind])
    assert read_recording(path).info.codec == {"webm": "opus"}.get(kind, kind)
    assert read_recording(str(path)).info == read_recording(two_seconds[kind]).info


def test_samples_cannot_be_changed_by_a_later_stage(two_seconds):
    samples = read_recording(two_seconds["wav"]).samples
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1.0


def test_what_exceeds_full_scale_is_clipped_and_said(containers):
    recording = read_recording(containers.encode(containers.tone(2, 44_100, level=3.0), "float_wav"))
    assert recording.info.peak == 1.0
    assert np.abs(recording.samples).max() == 1.0
    assert AudioFlag.CLIPPED in recording.info.flags


def test_digital_silence_has_no_level(containers):
    info = read_recording(containers.encode(np.zeros(88_200, np.float32), "flac")).info
    assert info.rms_dbfs is None
    assert info.silence_share == 1.0
    assert info.flags == (AudioFlag.SILENT,)


def test_a_quiet_recording_is_usable_and_flagged(containers):
    info = read_recording(containers.encode(containers.tone(2, 44_100, level=0.004), "flac")).info
    assert info.flags == (AudioFlag.QUIET,)


@pytest.mark.parametrize("declared_s", [0.0, 1e9])
def test_a_header_that_could_not_be_finished_declares_nothing(declared_s, containers):
    info = read_recording(containers.declaring_wav(containers.tone(2, 16_000), declared_s)).info
    assert info.declared_s is None
    assert info.duration_s == 2.0
    assert info.flags == ()


def test_half_of_what_was_declared_is_flagged(containers):
    info = read_recording(containers.declaring_wav(containers.tone(2, 16_000), 4.0)).info
    assert info.flags == (AudioFlag.TRUNCATED,)
    assert (info.duration_s, info.declared_s) == (2.0, 4.0)


def test_thresholds_come_from_the_configuration(two_seconds):
    loud = AudioConfig(quiet_dbfs=-3.0)
    assert read_recording(two_seconds["wav"], loud).info.flags == (AudioFlag.QUIET,)
