"""Sounds without speech, and noise to put under speech: synthesised, so that they may be committed and repeated."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

Sound = Callable[[np.random.Generator, int], np.ndarray]

NOTES_HZ = (261.63, 329.63, 392.00, 523.25, 440.00, 349.23, 293.66, 392.00)  # C E G C' A F D G, equal temperament
CHORDS_HZ = ((130.81, 164.81, 196.00), (174.61, 220.00, 261.63))  # C major, F major
DTMF_HZ = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "0": (941, 1336), "#": (941, 1477)}  # ITU-T Q.23
ALARM_HZ = (988.0, 784.0, 659.0)
HUM_HARMONICS = (1.0, 0.5, 0.4, 0.25, 0.2, 0.1)  # of 50 Hz


def dbfs(samples: np.ndarray, level: float) -> np.ndarray:
    """The samples at an RMS level in dB below full scale."""
    rms = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
    return (samples * (10 ** (level / 20) / rms)).clip(-0.99, 0.99).astype(np.float32)


def white(rng: np.random.Generator, n: int) -> np.ndarray:
    """White noise of unit variance."""
    return rng.standard_normal(n)


def pink(rng: np.random.Generator, n: int) -> np.ndarray:
    """Noise whose power falls with 1/f from 20 Hz on, shaped in the spectrum."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    bins = np.maximum(np.arange(len(spectrum)), max(1, round(20 * n / 16_000)))
    return np.fft.irfft(spectrum / np.sqrt(bins), n)


def hum(_: np.random.Generator, n: int, rate: int) -> np.ndarray:
    """Mains hum: 50 Hz with five harmonics."""
    t = np.arange(n) / rate
    return sum(a * np.sin(2 * np.pi * 50 * (k + 1) * t + k) for k, a in enumerate(HUM_HARMONICS))


def tone(frequencies: tuple[float, ...], seconds: float, rate: int) -> np.ndarray:
    """Sines together, with 10 ms ramps so that nothing clicks."""
    t = np.arange(round(seconds * rate)) / rate
    ramp = np.clip(np.minimum(t, t[-1] - t) / 0.01, 0, 1)
    return ramp * sum(np.sin(2 * np.pi * f * t) for f in frequencies) / len(frequencies)


def music(_: np.random.Generator, rate: int) -> np.ndarray:
    """Plucked notes over two chords, 16 s."""
    parts = []
    for bar in range(4):
        chord = tone(CHORDS_HZ[bar % 2], 4.0, rate) * 0.4
        notes = [tone((NOTES_HZ[(bar * 3 + k) % 8],), 0.5, rate) for k in range(8)]
        decay = np.exp(-4 * np.arange(len(notes[0])) / rate)
        parts.append(chord + np.concatenate([note * decay for note in notes]))
    return dbfs(np.concatenate(parts), -20)


def cough(rng: np.random.Generator, rate: int) -> np.ndarray:
    """One cough-like burst, 0.45 s: sharp onset, falling noisy middle, short voiced end (phases: Korpas 1996)."""
    n = round(0.45 * rate)
    t = np.arange(n) / rate
    band = sosfilt(butter(2, (300, 3500), "bandpass", fs=rate, output="sos"), rng.standard_normal(n))
    burst = band * (np.exp(-t / 0.03) + 0.35 * np.exp(-((t - 0.12) ** 2) / 0.006))
    voiced = 0.15 * np.sin(2 * np.pi * (220 - 120 * t) * t) * np.exp(-((t - 0.33) ** 2) / 0.002)
    return burst / np.abs(burst).max() + voiced


def cough_bursts(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Five pairs of bursts in 12 s of quiet room."""
    samples = dbfs(white(rng, 12 * rate), -62).astype(np.float64)
    for start in (1.0, 3.2, 5.6, 8.1, 10.3):
        for shift in (0.0, 0.55):
            at, one = round((start + shift) * rate), cough(rng, rate)
            samples[at : at + len(one)] += 0.6 * one
    return samples.clip(-0.99, 0.99).astype(np.float32)


def clicks(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Thirty short clicks at random times in 10 s."""
    samples = dbfs(white(rng, 10 * rate), -66).astype(np.float64)
    shape = np.exp(-np.arange(round(0.004 * rate)) / (0.0008 * rate))
    for at in rng.integers(0, len(samples) - len(shape), size=30):
        samples[at : at + len(shape)] += 0.8 * rng.choice((-1, 1)) * shape
    return samples.clip(-0.99, 0.99).astype(np.float32)


def dtmf(_: np.random.Generator, rate: int) -> np.ndarray:
    """Keys of a telephone, 0.15 s on and 0.1 s off, 8 s."""
    gap = np.zeros(round(0.1 * rate))
    keys = [part for k in range(32) for part in (tone(DTMF_HZ["1590#"[k % 5]], 0.15, rate), gap)]
    return dbfs(np.concatenate(keys), -20)


def tones(_: np.random.Generator, rate: int) -> np.ndarray:
    """Three falling tones and a pause, as a monitor's alarm, 10 s."""
    call = np.concatenate([*(tone((f,), 0.25, rate) for f in ALARM_HZ), np.zeros(round(1.25 * rate))])
    return dbfs(np.tile(call, 5), -22)


SOUNDS: dict[str, Sound] = {
    "ns-digital-silence": lambda _, rate: np.zeros(8 * rate, np.float32),
    "ns-silence": lambda rng, rate: dbfs(pink(rng, 8 * rate), -66),
    "ns-white-noise": lambda rng, rate: dbfs(white(rng, 10 * rate), -20),
    "ns-pink-noise": lambda rng, rate: dbfs(pink(rng, 10 * rate), -26),
    "ns-hum": lambda rng, rate: dbfs(hum(rng, 10 * rate, rate), -24),
    "ns-music": music,
    "ns-tones": tones,
    "ns-dtmf": dtmf,
    "ns-clicks": clicks,
    "ns-cough-bursts": cough_bursts,
    "ns-very-short": lambda rng, rate: dbfs(white(rng, rate // 8), -30),
}


def add_noise(
    speech: np.ndarray, kind: str, snr_db: float, rng: np.random.Generator, rate: int, *, babble: np.ndarray | None
) -> np.ndarray:
    """Speech with noise under it. snr_db: speech to noise power, over the parts in which somebody speaks.

    kind: white, pink, hum, room (pink noise, and the speech in a small room with 0.4 s reverberation) or babble.
    """
    n = len(speech)
    if kind == "room":
        t = np.arange(round(0.4 * rate)) / rate
        tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / 0.4)  # 60 dB down after 0.4 s
        wet = fftconvolve(speech, tail / np.sqrt(np.sum(tail**2)))[:n]
        speech = speech + 0.5 * wet
    if kind == "babble":
        noise = babble
    elif kind == "hum":
        noise = hum(rng, n, rate)
    else:
        noise = white(rng, n) if kind == "white" else pink(rng, n)
    loud = speech[np.abs(speech) > 0.01 * np.abs(speech).max()]
    gain = np.sqrt(np.mean(loud**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    return (speech + gain * noise).clip(-0.99, 0.99).astype(np.float32)
