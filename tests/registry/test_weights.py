"""Weights of a registered model: carried inside it, or pinned; never another file under the same name."""

import json

import pytest

from vaidya.errors import ArtifactError
from vaidya.registry.build import built
from vaidya.registry.manifest import verify
from vaidya.registry.model import DATA, load_pipeline
from vaidya.registry.weights import PINS, check_weights
from vaidya.settings import settings

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def listening(scripted_config):
    """Real weights where they are small: seven megabytes of YAMNet; the other engines are scripted."""
    return scripted_config.override({"acoustic.backend": "yamnet", "acoustic.weights": "yamnet-w8a8"})


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """From now on no cache and no network."""

    def strip() -> None:
        monkeypatch.setenv("VAIDYA_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("VAIDYA_OFFLINE", "1")
        settings.cache_clear()

    yield strip
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.weights
def test_a_model_that_carries_its_weights_needs_no_network(listening, bare_machine):
    with built(listening, [], {}, embed=True) as (folder, manifest):
        bare_machine()
        verify(folder, manifest)
        used = load_pipeline(folder / DATA).weights
        assert [(w.name, w.origin) for w in used] == [("yamnet-w8a8", "local folder")]
        pins = json.loads((folder / DATA / PINS).read_text())
        assert [pin["sha256"] for pin in pins] == [w.sha256 for w in used]


@pytest.mark.weights
def test_other_weights_under_a_pinned_name_are_refused(listening):
    with built(listening, [], {}) as (folder, _):
        path = folder / DATA / PINS
        assert not (folder / DATA / "weights").exists()
        pins = json.loads(path.read_text())
        path.write_text(json.dumps([{**pins[0], "sha256": "0" * 64}]))
        with pytest.raises(ArtifactError, match="not those that were registered"):
            check_weights(folder / DATA, listening)


def test_a_configuration_that_names_other_weights_than_the_pins_is_refused(scripted_config, listening):
    with built(scripted_config, [], {}) as (folder, _), pytest.raises(ArtifactError, match="do not name the same sets"):
        check_weights(folder / DATA, listening)
