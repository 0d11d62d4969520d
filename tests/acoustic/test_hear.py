"""HeAR's loading code, on a small vision transformer of the same architecture with random weights."""

import numpy as np
import pytest
import torch
import transformers

from tests.acoustic.sounds import breaths, signal
from vaidya.acoustic.hear import HearEncoder, device_of, load_model
from vaidya.acoustic.pcen import images, pcen, rescaled
from vaidya.config import AcousticConfig
from vaidya.errors import WeightsError
from vaidya.units import CLIP_SAMPLES

# Everything but the sizes of the hidden layers is as in the published configuration.
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
AS_PUBLISHED = {
    "image_size": [192, 128],
    "patch_size": 16,
    "num_channels": 1,
    "qkv_bias": True,
    "layer_norm_eps": 1e-6,
    "hidden_act": "gelu_fast",
    "pooler_act": "linear",
    "pooler_output_size": 512,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("hear")
    transformers.ViTModel(transformers.ViTConfig(**SMALL, **AS_PUBLISHED)).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def encoder(folder):
    return HearEncoder(AcousticConfig(backend="hear", weights=str(folder), device="cpu"))


@pytest.fixture(scope="module")
def clips():
    parts = [signal("chirp"), signal("noise"), breaths(15, seconds=2.0), np.zeros(CLIP_SAMPLES, np.float32)]
    return np.stack([0.2 * part for part in parts] * 5)[:18]


def test_a_clip_becomes_512_numbers(encoder, clips):
    vectors = encoder.embed(clips[:3])
    assert encoder.dimension == 512
    assert vectors.shape == (3, 512)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert encoder.embed(clips[:0]).shape == (0, 512)


def test_a_clip_does_not_depend_on_its_neighbours(encoder, clips):
    together = encoder.embed(clips)  # more than one batch
    alone = np.concatenate([encoder.embed(clips[i : i + 1]) for i in range(len(clips))])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_loudness_is_taken_out_by_the_rescaling(encoder, clips):
    np.testing.assert_allclose(encoder.embed(clips[:1]), encoder.embed(0.25 * clips[:1]), atol=1e-3)


def test_half_precision_gives_nearly_the_same(folder, encoder, clips, tmp_path):
    load_model(str(folder)).to(torch.bfloat16).save_pretrained(tmp_path)
    half = HearEncoder(AcousticConfig(backend="hear", weights=str(tmp_path), device="cpu"))
    assert half.embed(clips[:2]).dtype == np.float32
    assert np.corrcoef(half.embed(clips[:2]).ravel(), encoder.embed(clips[:2]).ravel())[0, 1] > 0.99


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_the_accelerator_agrees_with_the_processor(folder, encoder, clips):
    cuda = HearEncoder(AcousticConfig(backend="hear", weights=str(folder), device="cuda"))
    np.testing.assert_allclose(cuda.embed(clips[:4]), encoder.embed(clips[:4]), atol=1e-2)


def test_auto_is_a_device_of_this_machine():
    assert device_of("auto") in {"cpu", "cuda", "mps"}
    assert device_of("cpu") == "cpu"


def test_another_model_is_refused(tmp_path):
    photo = AS_PUBLISHED | {"image_size": 224, "num_channels": 3}
    transformers.ViTModel(transformers.ViTConfig(**SMALL, **photo)).save_pretrained(tmp_path)
    with pytest.raises(WeightsError, match="192"):
        load_model(str(tmp_path))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(WeightsError):
        load_model(str(tmp_path))


def test_images_have_the_published_shape(clips):
    assert images(torch.from_numpy(clips[:2])).shape == (2, 1, 192, 128)


@pytest.mark.parametrize("samples", [CLIP_SAMPLES - 1, CLIP_SAMPLES + 1, 16_000])
def test_a_clip_of_another_length_is_refused(samples):
    with pytest.raises(ValueError, match="32000"):
        images(torch.zeros(1, samples))


def test_the_image_agrees_with_another_implementation(clips):
    """Mel filters and spectrum by transformers, the smoother by scipy's recursive filter, the resize by hand."""
    from scipy.signal import lfilter
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    clip = clips[2].astype(np.float64)
    scaled = 2 * (clip - clip.min()) / (np.ptp(clip) + 1e-8) - 1
    padded = np.concatenate([scaled, np.zeros(199 * 160 + 400 - len(scaled))])
    power = spectrogram(padded, window_function(400, "hann"), 400, 160, fft_length=400, power=2.0, center=False)
    filters = mel_filter_bank(201, 128, 0.0, 8000.0, 16_000, mel_scale="htk", triangularize_in_mel_space=True)
    filters[0] = 0
    bands = (filters.T @ power).T
    smooth = lfilter([0.04], [1, -0.96], bands, axis=0, zi=0.96 * bands[:1])[0]
    normalised = np.sqrt(bands / (1e-8 + smooth) ** 0.8 + 2) - np.sqrt(2)
    places = np.clip((np.arange(192) + 0.5) * 200 / 192 - 0.5, 0, 199)
    low = np.floor(places).astype(int)
    share = (places - low)[:, None]
    expected = normalised[low] * (1 - share) + normalised[np.minimum(low + 1, 199)] * share
    ours = images(torch.from_numpy(clips[2:3]))[0, 0].numpy()
    # The mel scale of htk and ours differ in the third digit of a constant only; a band's edge may fall on a bin.
    assert np.abs(ours - expected).max() < 0.05 * expected.max()
    assert np.corrcoef(ours.ravel(), expected.ravel())[0, 1] > 0.999


def test_normalisation_of_a_constant_is_constant():
    flat = pcen(torch.full((1, 50, 4), 3.0))
    assert torch.allclose(flat, flat[:, :1], atol=1e-6)


def test_rescaling_reaches_both_ends():
    found = rescaled(torch.tensor([[0.0, 0.1, 0.3], [0.5, 0.5, 0.5]]))
    assert found[0].tolist() == pytest.approx([-1, -1 / 3, 1], abs=1e-5)
    assert found[1].tolist() == [-1, -1, -1]
