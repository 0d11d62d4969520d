"""YAMNet and the spectral encoder: shapes, independence of neighbours, and what they hear."""

import numpy as np
import pytest

from tests.acoustic.sounds import at, breaths, cough, signal
from vaidya.acoustic.base import load_encoder
from vaidya.acoustic.spectral import SpectralEncoder, zero_crossings
from vaidya.config import AcousticConfig
from vaidya.errors import UnknownBackendError


@pytest.fixture(scope="module")
def clips():
    return np.stack([signal("chirp"), signal("noise"), breaths(20, seconds=2.0), at([0.5], cough(), 2.0), signal("")])


@pytest.fixture(scope="module")
def yamnet(yamnet_weights):
    return load_encoder(AcousticConfig(weights=str(yamnet_weights.folder)))


def test_spectral_describes_every_clip_by_itself(clips):
    encoder = SpectralEncoder(AcousticConfig(backend="spectral"))
    vectors = encoder.embed(clips)
    assert vectors.shape == (5, encoder.dimension)
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors[3:4], encoder.embed(clips[3:4]))
    assert encoder.embed(clips[:0]).shape == (0, encoder.dimension)


def test_zero_crossings_of_a_tone_are_twice_its_frequency():
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000 + 0.1)
    assert zero_crossings(tone) * 16_000 == pytest.approx(880, abs=2)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(UnknownBackendError, match="spectral"):
        load_encoder(AcousticConfig(backend="ears"))


@pytest.mark.weights
def test_yamnet_gives_a_vector_a_clip_whatever_its_neighbours(yamnet, clips):
    vectors = yamnet.embed(clips)
    assert vectors.shape == (5, yamnet.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[2:3], yamnet.embed(clips[2:3]))


@pytest.mark.weights
def test_the_embedding_that_is_given_out_is_what_the_class_layer_reads(yamnet):
    """A linear map of it, fitted on some patches, gives the speech logit of others, up to its steps of 0.76."""
    from vaidya.acoustic.yamnet import patches

    rng = np.random.default_rng(0)
    tones = [np.sin(2 * np.pi * rng.uniform(80, 3000) * np.arange(32_000) / 16_000) for _ in range(450)]
    sounds = [rng.uniform(0.02, 0.5) * (tone + rng.uniform(0, 1) * rng.standard_normal(32_000)) for tone in tones]
    found = [yamnet.run(patches(sound.astype(np.float32))) for sound in sounds]
    embeddings, logits = (np.concatenate(part) for part in zip(*found, strict=True))
    known = np.hstack([embeddings, np.ones((len(embeddings), 1))])
    fitted, *_ = np.linalg.lstsq(known[:1200], logits[:1200, 0], rcond=1e-3)
    assert np.abs(known[1200:] @ fitted - logits[1200:, 0]).mean() < 0.76


@pytest.mark.weights
@pytest.mark.data
def test_yamnet_hears_speech_as_speech_and_not_as_cough(yamnet, data_folder):
    from vaidya.acoustic.yamnet import EMBEDDING_SIZE, GROUPS
    from vaidya.audio import read_recording, windows

    paths = sorted((data_folder / "audio" / "speech_multilingual" / "clips").glob("en_*.flac"))[:3]
    if not paths:
        pytest.skip("no English speech clips under VAIDYA_DATA")
    for path in paths:
        best = yamnet.embed(np.stack([clip.samples for clip in windows(read_recording(path), hop_s=1.0)])).max(axis=0)
        assert best[EMBEDDING_SIZE + list(GROUPS).index("speech")] > 0  # likelier than not
        assert best[EMBEDDING_SIZE + list(GROUPS).index("cough")] < 0
