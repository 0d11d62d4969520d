"""HeAR's front end in torch: two seconds of sound -> a 192 × 128 image of energy-normalised mel bands.

As the published PyTorch preprocessing does it: rescale to [-1, 1], periodic Hann frames of 25 ms every 10 ms
(zero-padded at the end, so 200 of them), power, 128 HTK mel bands over 0 to 8 kHz, per-channel energy normalisation
(Wang et al., ICASSP 2017, with smoothing 0.04, exponent 0.8, bias 2, root 2), and a bilinear resize without
antialiasing. One difference: it rescales by the extremes of the whole batch; here each clip is rescaled by its own, so
that a clip's vector does not depend on its neighbours. For a single clip the two agree.
"""

import functools

import torch
from torch.nn import functional

from vaidya.units import CLIP_SAMPLES, SAMPLE_RATE_HZ

FRAME, HOP = 400, 160
FRAMES = -(-CLIP_SAMPLES // HOP)
BANDS = 128
IMAGE = (192, 128)  # time × bands
SMOOTHING, EXPONENT, BIAS, ROOT, FLOOR = 0.04, 0.8, 2.0, 2.0, 1e-8


def images(clips: torch.Tensor) -> torch.Tensor:
    """(n, CLIP_SAMPLES) float -> (n, 1, 192, 128) float32, on the same device.

    Raises:
        ValueError: clips are not of exactly that length; pad with zeros at the end.
    """
    if clips.ndim != 2 or clips.shape[1] != CLIP_SAMPLES:
        raise ValueError(f"clips have shape {tuple(clips.shape)}; (n, {CLIP_SAMPLES}) is needed")
    bands = _mel(rescaled(clips.float()))
    return functional.interpolate(pcen(bands)[:, None], size=IMAGE, mode="bilinear", align_corners=False)


def rescaled(clips: torch.Tensor) -> torch.Tensor:
    """Each clip's extremes moved to -1 and 1; a constant clip becomes -1 throughout."""
    lifted = clips - clips.amin(dim=1, keepdim=True)
    return 2 * lifted / (lifted.amax(dim=1, keepdim=True) + 1e-8) - 1


def pcen(bands: torch.Tensor) -> torch.Tensor:
    """Per-channel energy normalisation along time: (n, frames, bands) -> the same shape."""
    smooth = [bands[:, 0]]
    for frame in bands.unbind(dim=1)[1:]:
        smooth.append(SMOOTHING * frame + (1 - SMOOTHING) * smooth[-1])
    gain = (FLOOR + torch.stack(smooth, dim=1)) ** EXPONENT
    return (bands / gain + BIAS) ** (1 / ROOT) - BIAS ** (1 / ROOT)


def _mel(clips: torch.Tensor) -> torch.Tensor:
    padded = functional.pad(clips, (0, (FRAMES - 1) * HOP + FRAME - CLIP_SAMPLES))
    window = torch.hann_window(FRAME, device=clips.device)
    power = torch.fft.rfft(padded.unfold(1, FRAME, HOP) * window).abs() ** 2
    return power @ _filters().to(clips.device)


@functools.cache
def _filters() -> torch.Tensor:
    """Triangles, linear in mel, unnormalised, without the DC bin: (FRAME // 2 + 1, BANDS)."""
    bins = _hertz_to_mel(torch.linspace(0, SAMPLE_RATE_HZ / 2, FRAME // 2 + 1, dtype=torch.float64))[:, None]
    top = _hertz_to_mel(torch.tensor(SAMPLE_RATE_HZ / 2, dtype=torch.float64))
    edges = torch.linspace(0, float(top), BANDS + 2, dtype=torch.float64)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = torch.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)).clamp(min=0)
    weights[0] = 0
    return weights.float()


def _hertz_to_mel(hertz: torch.Tensor) -> torch.Tensor:
    return 2595 * torch.log10(1 + hertz / 700)
