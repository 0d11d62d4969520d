"""Recording -> Findings: states, independence of length, the weight in both directions, and real clips."""

import numpy as np
import pytest

from tests.acoustic.conftest import make_card
from tests.acoustic.sounds import at, cough
from vaidya.acoustic.base import load_listener
from vaidya.acoustic.head import LinearHead, save_head
from vaidya.acoustic.listener import SoundListener, events_config, findings_of, listen_to
from vaidya.acoustic.spectral import SpectralEncoder
from vaidya.audio.read import recording_of
from vaidya.config import AcousticConfig
from vaidya.errors import ConfigError, ListeningError, UnknownBackendError
from vaidya.schema import FindingsState, SoundLabel

SPECTRAL = AcousticConfig(backend="spectral", weights=None)


def probe_at(folder, **changes):
    """A probe that says 0.5 of everything, with a card."""
    n = SpectralEncoder.dimension
    head = LinearHead(("ill",), np.zeros(n), np.ones(n), np.zeros((1, n)), np.zeros(1))
    facts = make_card().model_copy(update=changes).model_dump(exclude={"labels", "sha256"})
    return str(save_head(head, facts, folder))


def test_silence_and_shortness_are_states_not_scores():
    listener = load_listener(SPECTRAL)
    silent = listener.listen(recording_of(np.zeros(32_000, np.float32)))
    short = listener.listen(recording_of(cough()[:3_000]))
    assert (silent.state, short.state) == (FindingsState.SILENT, FindingsState.TOO_SHORT)
    for findings in (silent, short):
        assert findings.weight == 0.0
        assert findings.cough_count is None
        assert findings.breathing_rate_reason


def test_a_window_does_not_depend_on_the_others():
    encoder = SpectralEncoder(SPECTRAL)
    sound = at([0.5, 3.0, 5.5], cough(), 8.0)
    whole = listen_to(recording_of(sound), encoder, SPECTRAL)
    start = listen_to(recording_of(sound[:64_000]), encoder, SPECTRAL)
    shared = len(start.starts_s)
    assert whole.starts_s[: shared - 1].tolist() == start.starts_s[: shared - 1].tolist()
    np.testing.assert_array_equal(whole.vectors[: shared - 1], start.vectors[: shared - 1])


def test_silent_windows_are_not_listened_to():
    found = listen_to(recording_of(at([0.2, 9.0], cough(), 10.0, noise=0.0)), SpectralEncoder(SPECTRAL), SPECTRAL)
    assert found.starts_s.tolist() == [0.0, 8.0]


def test_without_a_probe_sound_weighs_nothing():
    findings = load_listener(SPECTRAL).listen(recording_of(at([0.5], cough(), 3.0)))
    assert (findings.weight, findings.signal) == (0.0, None)


def test_a_probe_that_has_earned_it_gives_its_signal_weight(tmp_path):
    config = SPECTRAL.model_copy(update={"probe": probe_at(tmp_path)})
    findings = load_listener(config).listen(recording_of(at([0.5], cough(), 3.0)))
    assert findings.weight == 1.0
    assert findings.signal is not None
    assert findings.signal.probability == pytest.approx(0.5)
    assert "0.80" in findings.weight_reason


def test_a_probe_that_has_not_earned_it_is_shown_and_weighs_nothing(tmp_path):
    config = SPECTRAL.model_copy(update={"probe": probe_at(tmp_path, recorded_as_used=False)})
    findings = load_listener(config).listen(recording_of(at([0.5], cough(), 3.0)))
    assert findings.weight == 0.0
    assert findings.signal is not None
    assert "not recorded the way" in findings.weight_reason


def test_a_probe_for_coughs_says_nothing_where_nobody_coughs(tmp_path):
    config = SPECTRAL.model_copy(update={"probe": probe_at(tmp_path, applies_to="cough")})
    tone = 0.1 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 16_000)
    findings = load_listener(config).listen(recording_of(tone.astype(np.float32)))
    if not any(event.label is SoundLabel.COUGH for event in findings.events):
        assert (findings.weight, findings.signal) == (0.0, None)
        assert "no cough" in findings.weight_reason


def test_a_signal_does_not_grow_with_length(tmp_path):
    config = SPECTRAL.model_copy(update={"probe": probe_at(tmp_path)})
    listener = load_listener(config)
    sounds = [at([0.5 + 2 * i for i in range(n)], cough(), 2.0 * n + 1) for n in (1, 6)]
    signals = [listener.listen(recording_of(sound)).signal for sound in sounds]
    assert signals[0].probability == pytest.approx(signals[1].probability)


def test_an_encoder_without_a_head_names_no_sound():
    sound = recording_of(at([0.5], cough(), 3.0))
    encoder = SpectralEncoder(SPECTRAL)
    heard = listen_to(sound, encoder, SPECTRAL)
    findings = findings_of(sound, heard, (), np.empty((len(heard.starts_s), 0)), SPECTRAL, encoder="spectral")
    assert findings.events == ()
    assert findings.cough_count is None
    assert "no event head" in str(findings.breathing_rate_reason)


def test_an_engine_that_fails_is_a_coded_error():
    class Broken(SpectralEncoder):
        def embed(self, clips):
            raise RuntimeError("bits fell out")

    with pytest.raises(ListeningError) as caught:
        listen_to(recording_of(at([0.5], cough(), 3.0)), Broken(SPECTRAL), SPECTRAL)
    assert "bits" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error"), [({"backend": "ears"}, UnknownBackendError), ({"head": "nothing"}, ConfigError)]
)
def test_what_is_not_there_is_refused(changes, error):
    with pytest.raises(error):
        load_listener(SPECTRAL.model_copy(update=changes))


@pytest.fixture(scope="module")
def listener(yamnet_weights):
    return SoundListener(AcousticConfig(weights=str(yamnet_weights.folder)))


@pytest.mark.weights
def test_noise_and_tones_are_neither_cough_nor_breath_nor_speech(listener):
    rng = np.random.default_rng(0)
    noise = (0.05 * rng.standard_normal(10 * 16_000)).astype(np.float32)
    tone = (0.2 * np.sin(2 * np.pi * 440 * np.arange(10 * 16_000) / 16_000)).astype(np.float32)
    for sound in (noise, tone):
        findings = listener.listen(recording_of(sound))
        named = {event.label for event in findings.events}
        assert not named & {SoundLabel.SPEECH, SoundLabel.SNORE, SoundLabel.COUGH}
        assert findings.cough_count == 0


@pytest.mark.weights
def test_another_encoder_names_the_sounds_where_the_first_has_no_head(listener, yamnet_weights, tmp_path):
    config = SPECTRAL.model_copy(update={"events": "yamnet", "events_weights": str(yamnet_weights.folder)})
    both = SoundListener(config.model_copy(update={"probe": probe_at(tmp_path)}))
    sound = recording_of(at([0.5, 3.0], cough(), 6.0))
    named, alone = both.listen(sound), listener.listen(sound)
    assert (named.events, named.cough_count, named.windows) == (alone.events, alone.cough_count, alone.windows)
    assert named.embedding_sha256 == load_listener(SPECTRAL).listen(sound).embedding_sha256
    assert named.signal is not None  # the probe judges the first encoder's vectors
    assert (named.encoder, both.weights) == ("spectral+yamnet", listener.weights)
    assert events_config(config).device == "cpu"


@pytest.mark.weights
@pytest.mark.data
def test_speech_is_heard_as_speech_and_hardly_ever_as_a_cough(listener, data_folder):
    from vaidya.audio import read_recording

    paths = sorted((data_folder / "audio" / "speech_multilingual" / "clips").glob("*.flac"))[::4]
    if not paths:
        pytest.skip("no speech clips under VAIDYA_DATA")
    findings = [listener.listen(read_recording(path)) for path in paths]
    spoken = [np.mean([w.probabilities["speech"] >= 0.5 for w in found.windows]) for found in findings]
    assert np.mean(spoken) > 0.85
    windows = [window.probabilities["cough"] for found in findings for window in found.windows]
    assert np.mean([probability >= 0.5 for probability in windows]) < 0.05
