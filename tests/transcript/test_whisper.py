"""The real transcriber on real sound: heard, trusted, doubted, silent."""

import csv
import json

import numpy as np
import pytest

from vaidya.audio import read_recording
from vaidya.audio.read import recording_of
from vaidya.config import TranscriptConfig
from vaidya.errors import LanguageError, TranscriptionError, WeightsError
from vaidya.evaluation.transcript_errors import term_errors, word_errors
from vaidya.schema import Recording, TranscriptState
from vaidya.transcript import load_transcriber
from vaidya.transcript.competence import Competence, competence

pytestmark = pytest.mark.weights
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def transcriber():
    try:
        return load_transcriber(TranscriptConfig())
    except WeightsError as error:
        pytest.skip(f"the transcriber's weights cannot be had here: {error}")


@pytest.fixture(scope="module")
def speech(data_folder):
    folder = data_folder / "audio" / "speech_multilingual"
    lines = [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [(folder / line["file"], line["lang"], line["text"]) for line in lines]


def tone(*hertz, seconds=4.0):
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return recording_of(sum(np.sin(2 * np.pi * hz * time) for hz in hertz) / (2 * len(hertz)))


def test_a_synthetic_consultation_is_heard_with_its_terms(transcriber, repository):
    from vaidya.corpora import audio_path, read_cases

    case = next(case for case in read_cases("cases") if case.id == "en-chest-pain")
    transcript = transcriber.transcribe(read_recording(audio_path(case)))
    said = " ".join(turn.text for turn in case.turns)
    assert transcript.state is TranscriptState.SPEECH
    assert transcript.language == "en"
    assert transcript.language_probability > 0.8
    assert word_errors(said, transcript.text(), "en").value < 0.3
    assert term_errors(said, transcript.text()).value <= 0.5
    assert all(segment.english == segment.text for segment in transcript.segments)


def test_times_run_forwards_within_the_recording(transcriber, repository):
    recording = read_recording(repository / "eval" / "cases" / "audio" / "en-chest-pain.ogg")
    transcript = transcriber.transcribe(recording)
    words = [word for segment in transcript.segments for word in segment.words]
    edges = [edge for word in words for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[-1] <= recording.info.duration_s + 0.1
    for segment in transcript.segments:
        assert (segment.start_s, segment.end_s) == (segment.words[0].start_s, segment.words[-1].end_s)
        assert "".join(word.text for word in segment.words).split() == segment.text.split()
    assert transcriber.transcribe(recording) == transcript


@pytest.mark.parametrize(
    "recording",
    [
        pytest.param(recording_of(np.zeros(4 * RATE_HZ)), id="digital silence"),
        pytest.param(recording_of(np.random.default_rng(1).normal(0, 0.1, 4 * RATE_HZ)), id="white noise"),
        pytest.param(recording_of(np.cumsum(np.random.default_rng(2).normal(0, 1e-3, 4 * RATE_HZ))), id="brown noise"),
        pytest.param(tone(50), id="mains hum"),
        pytest.param(tone(261.6, 329.6, 392.0), id="a chord"),
        pytest.param(tone(697, 1_209, seconds=0.5), id="a key of a telephone"),
    ],
)
def test_no_voice_no_words(transcriber, recording):
    transcript = transcriber.transcribe(recording)
    assert transcript.state is TranscriptState.NO_SPEECH
    assert transcript.segments == ()
    assert transcript.reasons


def test_our_own_recordings_without_speech_hold_no_words(transcriber, repository):
    for path in sorted((repository / "eval" / "cases" / "audio").glob("ns-*")):
        if "short" in path.name or "truncated" in path.name:
            continue  # refused before it is heard; cut off in the middle of speech
        assert transcriber.transcribe(read_recording(path)).text() == "", path.name


def test_coughs_sneezes_and_breaths_hold_no_words(transcriber, data_folder):
    folder = data_folder / "audio" / "respiratory"
    with (folder / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if not row["fine_label"].startswith("speech")]
    heard = {}
    for row in rows[::5]:
        transcript = transcriber.transcribe(read_recording(folder / row["file"]))
        if transcript.text().strip():
            heard[row["file"]] = transcript.state
    assert heard == {}


def test_english_speech_is_heard_however_quiet(transcriber, speech):
    english = [(path, text) for path, language, text in speech if language == "en"]
    for path, text in english[:4]:
        transcript = transcriber.transcribe(read_recording(path))
        assert transcript.state is TranscriptState.SPEECH, path.name
        assert word_errors(text, transcript.text(), "en").value < 0.3, path.name


def test_another_language_comes_with_its_english(transcriber, speech):
    path, _, text = next(entry for entry in speech if entry[1] == "es")
    transcript = transcriber.transcribe(read_recording(path))
    assert transcript.language == "es"
    assert word_errors(text, transcript.text(), "es").value < 0.4
    english = [segment.english for segment in transcript.segments if segment.english]
    assert english
    assert word_errors(text, " ".join(english), "es").value > 0.6  # it is no longer Spanish


@pytest.mark.parametrize("language", ["hi", "te", "ta"])
def test_what_the_weights_cannot_write_is_kept_but_never_trusted(transcriber, speech, language):
    paths = [path for path, spoken, _ in speech if spoken == language]
    if not paths:
        pytest.skip(f"no clip in {language} under VAIDYA_DATA")
    transcript = transcriber.transcribe(read_recording(paths[0]))
    assert transcript.state is TranscriptState.UNRELIABLE
    assert transcript.reasons
    assert transcript.segments
    assert all(segment.english is None for segment in transcript.segments)
    assert competence(transcriber.weights[0], language) is Competence.BEYOND


def test_an_unknown_language_is_refused_with_those_that_are_known(transcriber):
    with pytest.raises(LanguageError, match=r"'xx' is not one .* en "):
        transcriber.transcribe(tone(440), language="xx")


def test_an_engine_that_fails_gives_an_error_and_never_its_text_as_words(transcriber):
    broken = Recording(samples=np.zeros((2, RATE_HZ), np.float32), info=tone(440).info)
    with pytest.raises(TranscriptionError, match="the transcriber failed with"):
        transcriber.transcribe(broken)


def test_the_weights_that_ran_are_named(transcriber):
    (used,) = transcriber.weights
    assert used.name == "faster-whisper-base"
    assert len(used.sha256) == 64
