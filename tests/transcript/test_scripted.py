"""The stand-in says what its script says, and refuses to say anything without one."""

import numpy as np
import pytest

from vaidya.audio.read import recording_of
from vaidya.config import TranscriptConfig
from vaidya.errors import ConfigError, TranscriptionError
from vaidya.testing import make_transcript
from vaidya.transcript import load_transcriber
from vaidya.transcript.scripted import ScriptedTranscriber

RECORDING = recording_of(np.full(16_000, 0.1, np.float32))


def test_it_is_loaded_by_name_from_a_file(tmp_path):
    path = tmp_path / "script.json"
    path.write_text('{"*": ' + make_transcript(["my chest hurts"]).model_dump_json() + "}")
    transcriber = load_transcriber(TranscriptConfig(backend="scripted", weights=str(path)))
    assert transcriber.transcribe(RECORDING).text() == "my chest hurts"


def test_a_recording_is_known_by_its_sum():
    known = {RECORDING.info.sha256: make_transcript(["this one"]), "*": make_transcript(["any other"])}
    transcriber = ScriptedTranscriber.of(known)
    assert transcriber.transcribe(RECORDING).text() == "this one"
    assert transcriber.transcribe(recording_of(np.zeros(16_000))).text() == "any other"


def test_a_given_language_is_taken():
    transcript = ScriptedTranscriber.of(make_transcript(["bonjour"], language="fr")).transcribe(RECORDING, "de")
    assert (transcript.language, transcript.language_probability) == ("de", None)


def test_without_a_script_it_refuses(tmp_path):
    with pytest.raises(ConfigError, match="path of a JSON file"):
        load_transcriber(TranscriptConfig(backend="scripted"))
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"*": {"text": "hello"}}')
    with pytest.raises(ConfigError, match="no script of transcripts"):
        load_transcriber(TranscriptConfig(backend="scripted", weights=str(wrong)))
    with pytest.raises(TranscriptionError, match="no transcript for this recording"):
        ScriptedTranscriber.of({}).transcribe(RECORDING)
