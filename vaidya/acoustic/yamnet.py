"""YAMNet (521 AudioSet classes, MobileNet v1) as a w8a8 ONNX file, run by ONNX Runtime without torch.

Front end, quantisation and tensor names are those of the file: 64 HTK mel bands from 125 to 7,500 Hz, log(mel + 0.001),
patches of 96 frames every 48, uint8 in and out (Plakal and Ellis, tensorflow/models, research/audioset/yamnet).
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vaidya.acoustic.mel import frames, log_mel
from vaidya.config import AcousticConfig
from vaidya.errors import WeightsError
from vaidya.weights import resolve

PATCH_FRAMES = 96
PATCH_HOP = 48
INPUT_SCALE, INPUT_ZERO = 0.04794, 144
SCORE_SCALE, SCORE_ZERO = 0.75654, 190
EMBEDDING = "/model/Reshape_output_0_qdq"  # the 1,024 averages before the class layer, dequantised
EMBEDDING_SIZE = 1024
SILENT_POWER = 1e-6  # -60 dB relative to full scale
LOGIT_LIMIT = 10.0  # beyond it a probability is 0 or 1; one wild logit must not rule a linear head

# Classes of AudioSet joined into sounds that a consultation may hold; ranges of the class map's index.
GROUPS: dict[str, tuple[range, ...]] = {
    "speech": (range(13), range(63, 64), range(65, 66)),
    "laughter": (range(13, 19),),
    "crying": (range(19, 23),),
    "groan": (range(23, 24), range(33, 35)),
    "singing": (range(24, 33),),
    "breathing": (range(36, 37),),
    "wheeze_gasp_sniff": (range(37, 38), range(39, 42), range(45, 46)),
    "snoring": (range(38, 39),),
    "cough": (range(42, 43),),
    "throat_clearing": (range(43, 44),),
    "sneeze": (range(44, 45),),
    "belch_hiccup": (range(51, 56),),
    "heart": (range(59, 61),),
    "animals": (range(67, 132),),
    "music": (range(132, 277),),
    "nature": (range(277, 294),),
    "vehicles": (range(294, 348),),
    "household": (range(348, 382),),
    "alarms": (range(382, 398),),
    "machines": (range(398, 420),),
    "blasts": (range(420, 431),),
    "impacts": (range(431, 494),),
    "silence": (range(494, 495),),
    "noise": (range(507, 518),),
}
CLASSES = 521


class YamnetEncoder:
    """The mean embedding of a clip's three patches, then the largest logit of each group of classes."""

    name = "yamnet"
    dimension = EMBEDDING_SIZE + len(GROUPS)

    def __init__(self, config: AcousticConfig) -> None:
        found = resolve(config.weights or "yamnet-w8a8")
        self.weights = (found.used,)
        _check_classes(found.file("class_map.csv"))
        self._session = _session(found.file(".onnx"), config.threads)
        self._groups = [np.concatenate([np.asarray(part) for part in parts]) for parts in GROUPS.values()]

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32."""
        vectors = np.empty((len(clips), self.dimension), np.float32)
        for row, clip in enumerate(clips):
            embeddings, logits = self.run(patches(clip)[_sounding(clip)])
            best = logits.max(axis=0)
            vectors[row, :EMBEDDING_SIZE] = embeddings.mean(axis=0)
            vectors[row, EMBEDDING_SIZE:] = [best[group].max() for group in self._groups]
        vectors[:, EMBEDDING_SIZE:] = vectors[:, EMBEDDING_SIZE:].clip(-LOGIT_LIMIT, LOGIT_LIMIT)
        return vectors

    def run(self, log_mels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Patches (n, 96, 64) -> embeddings (n, 1024) and class logits (n, 521); the file takes one patch at a time."""
        embeddings, logits = [], []
        for patch in quantised(log_mels):
            scores, embedding = self._session.run(["class_scores", EMBEDDING], {"audio": patch[None, None]})
            embeddings.append(embedding.ravel())
            logits.append((scores.ravel().astype(np.float32) - SCORE_ZERO) * SCORE_SCALE)
        return np.array(embeddings), np.array(logits)


def patches(samples: np.ndarray) -> np.ndarray:
    """Log-mel patches of a clip: (CLIP_SAMPLES,) -> (3, 96, 64) float32."""
    bands = log_mel(samples, bands=64, low_hz=125.0, high_hz=7500.0, offset=0.001)
    starts = range(0, len(bands) - PATCH_FRAMES + 1, PATCH_HOP)
    return np.stack([bands[start : start + PATCH_FRAMES] for start in starts])


def _sounding(clip: np.ndarray) -> np.ndarray:
    """Which patches hold sound, at least one: the zeros behind a short recording are no part of it."""
    power = (frames(clip) ** 2).mean(axis=-1)
    starts = range(0, len(power) - PATCH_FRAMES + 1, PATCH_HOP)
    loudest = np.array([power[start : start + PATCH_FRAMES].max() for start in starts])
    return loudest >= min(SILENT_POWER, loudest.max())


def quantised(log_mels: np.ndarray) -> np.ndarray:
    """As the file's uint8 input."""
    return np.clip(np.rint(log_mels / INPUT_SCALE) + INPUT_ZERO, 0, 255).astype(np.uint8)


def class_names(path: Path) -> list[str]:
    """Display names in the order of the logits."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [row["display_name"] for row in csv.DictReader(stream)]


def _check_classes(path: Path) -> None:
    names = class_names(path)
    expected = {0: "Speech", 36: "Breathing", 38: "Snoring", 42: "Cough", 44: "Sneeze", 494: "Silence"}
    if len(names) != CLASSES or any(names[index] != name for index, name in expected.items()):
        raise WeightsError(f"{path.name} is not YAMNet's map of {CLASSES} classes; fetch the weights again")


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The model is given as bytes, so the runtime must be told where its tensors lie.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
    model = path.read_bytes() + _as_output(EMBEDDING)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _as_output(tensor: str) -> bytes:
    """Bytes that, put behind an ONNX file, make an inner float tensor one more output of its graph.

    Protocol Buffers merge a message that comes twice, so the second `graph` (field 7) only needs the new entry of its
    `output` list (field 12): a ValueInfoProto with a name and a tensor type of FLOAT. This spares the onnx library.
    """
    float_tensor = _field(1, bytes([1 << 3, 1]))
    value_info = _field(1, tensor.encode()) + _field(2, float_tensor)
    return _field(7, _field(12, value_info))


def _field(number: int, payload: bytes) -> bytes:
    # Wire type 2, length-delimited; every length here is below 128, so it is one byte.
    assert len(payload) < 128, "the length would need a longer varint"
    return bytes([number << 3 | 2, len(payload)]) + payload
