"""HeAR (google/hear-pytorch): a ViT-L that turns two seconds of health sounds into 512 numbers, by transformers.

The weights are gated: accept the terms on the hub once, or give a folder (model card: google/hear-pytorch).
"""

from typing import Any

import numpy as np
import torch
import transformers

from vaidya.acoustic.pcen import IMAGE, images
from vaidya.config import AcousticConfig
from vaidya.errors import WeightsError
from vaidya.weights import resolve

BATCH = 16  # clips of one forward pass; a ViT-L needs about 30 MB of activations for each


class HearEncoder:
    """The pooled output of the vision transformer over a clip's normalised mel image."""

    name = "hear"

    def __init__(self, config: AcousticConfig) -> None:
        found = resolve(config.weights or "hear-pytorch")
        self.weights = (found.used,)
        self._device = torch.device(device_of(config.device))
        self._model = load_model(str(found.folder)).to(self._device)
        self.dimension = int(self._model.config.pooler_output_size)

    def embed(self, clips: np.ndarray) -> np.ndarray:
        """(n, CLIP_SAMPLES) float32 in [-1, 1] -> (n, dimension) float32."""
        if not len(clips):
            return np.empty((0, self.dimension), np.float32)
        batches = torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32)).split(BATCH)
        with torch.inference_mode():
            return np.concatenate([self._forward(batch) for batch in batches])

    def _forward(self, batch: torch.Tensor) -> np.ndarray:
        pictures = images(batch.to(self._device)).to(self._model.dtype)
        pooled = self._model(pixel_values=pictures).pooler_output
        return pooled.float().cpu().numpy()


def load_model(folder: str) -> Any:
    """The vision transformer from a local folder, in the type its file is stored in, ready for inference.

    Raises:
        WeightsError: the folder holds another kind of model, or one without the pooled output.
    """
    try:
        model = transformers.ViTModel.from_pretrained(folder, local_files_only=True, dtype="auto")
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder} holds no ViT that transformers can load: {type(error).__name__}") from error
    size = model.config.image_size
    found = tuple(size) if isinstance(size, list | tuple) else (size, size)
    if found != IMAGE or model.config.num_channels != 1 or model.pooler is None:
        raise WeightsError(f"{folder} takes images of {found} × {model.config.num_channels}; HeAR takes {IMAGE} × 1")
    return model.eval()


def device_of(wanted: str) -> str:
    """`auto` is the accelerator that torch sees, else the processor."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
