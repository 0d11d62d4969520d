"""Rows of the transcript stage: counts pooled, cohorts apart, failures kept as unscored."""

import numpy as np
import pytest

from vaidya.evaluation.interval import exact, pooled_bootstrap
from vaidya.evaluation.outcome import Outcome
from vaidya.evaluation.rate import Rate
from vaidya.evaluation.transcript import score_transcript, transcript_rates
from vaidya.schema import Case, Failure, RecordingInfo, TranscriptState, Turn
from vaidya.testing import make_record, make_transcript

INFO = RecordingInfo(
    sha256="0" * 64,
    size_bytes=1,
    container="wav",
    codec="pcm_s16le",
    source_rate_hz=16_000,
    channels=1,
    duration_s=30.0,
    peak=0.5,
    rms_dbfs=-20.0,
    silence_share=0.1,
    clipped_share=0.0,
)


def case(name, said, language="en", *, speech=True, **attributes):
    return Case(
        id=name,
        dataset="made-up",
        audio=f"{name}.wav",
        speech=speech,
        language=language if speech else None,
        turns=tuple(Turn(speaker="patient", text=text) for text in said),
        attributes=attributes,
        licence="none",
        synthetic=True,
    )


def outcome(one, heard, *, state=None, detected=None, probability=0.9):
    changes = {"transcriber": "made-up", "language_probability": probability}
    changes |= {"state": state} if state else {}
    transcript = make_transcript(heard, language=detected or one.language or "en", **changes)
    return Outcome(one, make_record(recording=INFO, transcript=transcript))


def rows_of(outcomes):
    rows = score_transcript(outcomes, dataset="made-up", arm="vaidya", rng=np.random.default_rng(7))
    return {(row.metric, row.cohort): row for row in rows}


@pytest.fixture
def outcomes():
    return [
        outcome(case("a", ["My chest hurts"], noise_snr_db=10.0), ["my chest hurts"]),
        outcome(case("b", ["No fever", "two weeks"], noise_snr_db=0.0), ["fever", "2 weeks"]),
        outcome(case("c", ["बुखार है"], "hi"), ["bukhar hai"], state=TranscriptState.UNRELIABLE, detected="ur"),
        outcome(case("d", [], speech=False), ["Thank you."]),
        outcome(case("e", [], speech=False), []),
        Outcome(case("f", ["I fell"]), None, reason="AUDIO_FORMAT"),
    ]


def test_words_are_pooled_over_cases_and_failures_are_neither_zero_nor_a_gap(outcomes):
    row = rows_of(outcomes)["word_error_rate", "all"]
    assert (row.errors, row.total) == (1 + 2, 3 + 4 + 2)
    assert (row.n_scored, row.n_unscored, row.reason) == (3, 1, "AUDIO_FORMAT: 1")
    assert row.low <= row.value <= row.high


def test_what_a_note_may_rest_on_is_scored_apart(outcomes):
    row = rows_of(outcomes)["word_error_rate_trusted", "all"]
    assert (row.errors, row.total) == (1, 7)


def test_cohorts_by_language_and_noise(outcomes):
    rows = rows_of(outcomes)
    assert rows["word_error_rate", "language=hi"].value == 1.0
    assert rows["word_error_rate", "noise_snr_db=0"].value == 0.25
    assert rows["word_error_rate", "noise_snr_db=10"].value == 0.0
    assert rows["script_error_rate", "language=hi"].value == 1.0


def test_words_out_of_silence_are_counted_per_minute(outcomes):
    rows = rows_of(outcomes)
    words = rows["words_in_non_speech", "all"]
    assert (words.errors, words.total, words.value) == (2, 1.0, 2.0)
    assert rows["non_speech_with_words", "all"].value == 0.5


def test_states_and_languages_are_counted_by_case(outcomes):
    rows = rows_of(outcomes)
    assert (rows["speech_unreliable", "all"].errors, rows["speech_unreliable", "all"].total) == (1, 3)
    assert rows["speech_missed", "all"].value == 0.0
    assert (rows["language_error_rate", "all"].errors, rows["language_error_rate", "all"].total) == (1, 3)


def test_a_given_language_is_no_identification():
    given = outcome(case("a", ["hello"]), ["hello"], probability=None)
    assert rows_of([given])["language_error_rate", "all"].value is None


def test_lost_denials_and_terms_reach_the_rows(outcomes):
    rows = rows_of(outcomes)
    assert (rows["negation_error_rate", "all"].errors, rows["negation_error_rate", "all"].total) == (1, 2)
    assert rows["medical_term_error_rate", "all"].errors == 0


def test_typed_cases_are_left_out():
    typed = outcome(case("a", ["My chest hurts"]), ["something else"])
    record = typed.record.model_copy(
        update={"transcript": typed.record.transcript.model_copy(update={"transcriber": "text"})}
    )
    assert rows_of([Outcome(typed.case, record)]) == {}
    assert transcript_rates(Outcome(typed.case, record)) == {}


def test_a_failed_transcriber_is_unscored_with_its_code():
    failed = make_record(
        recording=INFO,
        transcript=make_transcript(state=TranscriptState.FAILED, transcriber="none"),
        failures=(Failure(stage="transcript", code="STAGE_TIMEOUT", message="too slow"),),
    )
    row = rows_of([Outcome(case("a", ["hello"]), failed)])["word_error_rate", "all"]
    assert (row.value, row.n_unscored, row.reason) == (None, 1, "STAGE_TIMEOUT: 1")


def test_rates_of_one_case(outcomes):
    assert transcript_rates(outcomes[1])["word_error_rate"].errors == 1
    assert transcript_rates(outcomes[3])["words_in_non_speech"].errors == 2
    assert transcript_rates(outcomes[5]) == {}


def test_what_is_resampled_is_the_speaker_where_the_set_names_one():
    """Four recordings of two people say what two people say: the interval of the speakers' own pooled counts."""
    said = [("a", "one two", ["one two"]), ("a", "three four", ["three four"]), ("b", "one two", []), ("b", "six", [])]
    alone = [outcome(case(f"c{n}", [words]), heard) for n, (_, words, heard) in enumerate(said)]
    named = [
        outcome(case(f"c{n}", [words], speaker=who, source="s"), heard) for n, (who, words, heard) in enumerate(said)
    ]
    unknown = [outcome(case(f"c{n}", [words], speaker="unknown"), heard) for n, (_, words, heard) in enumerate(said)]
    rows = [rows_of(outcomes)["word_error_rate", "all"] for outcomes in (alone, named, unknown)]
    assert [row.value for row in rows] == [3 / 7] * 3
    assert [row.n_scored for row in rows] == [4] * 3
    assert rows[0] == rows[2]
    people = pooled_bootstrap([Rate(0, 4), Rate(3, 3)], rng=np.random.default_rng(7))
    assert (rows[1].low, rows[1].high) == people


def test_a_share_of_recordings_is_exact_only_where_nobody_comes_twice():
    many = [outcome(case(f"c{n}", [], speech=False, subject=f"p{n // 5}"), ["hm"] if n < 5 else []) for n in range(20)]
    row = rows_of(many)["non_speech_with_words", "all"]
    assert (row.errors, row.total) == (5, 20)
    low, high = exact(Rate(5, 20))
    assert row.high - row.low > high - low, "one person of four made all of it"
