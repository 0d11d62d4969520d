"""Sound metrics against scikit-learn, and the rule that nobody is judged by a head that was fitted on him."""

import dataclasses
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acoustic.conftest import make_card
from tests.acoustic.sounds import at, breaths, cough
from vaidya.acoustic.base import load_encoder
from vaidya.acoustic.fit import fit
from vaidya.acoustic.head import save_head
from vaidya.acoustic.listener import listen_to
from vaidya.audio.read import recording_of
from vaidya.config import load_profile
from vaidya.errors import LengthMismatchError
from vaidya.evaluation.acoustic import (
    Judged,
    auroc,
    clip_label,
    expected_calibration_error,
    f1_by_label,
    judged,
    macro_f1,
    reliability,
    rows_of,
)
from vaidya.evaluation.acoustic_clips import Clips, LabelledClip, speech_clips
from vaidya.evaluation.acoustic_table import (
    EVENT_LABELS,
    baseline_rows,
    encoder_rows,
    examples_of,
    judge_encoder,
    target_rows,
)
from vaidya.schema import Findings, FindingsState
from vaidya.testing import make_case

LABELS = st.sampled_from(["breath", "cough", "sneeze", "other"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40)
SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.77, 1.0])), min_size=2, max_size=40)


@settings(deadline=None)  # the first call imports scikit-learn
@given(PAIRS)
def test_f1_agrees_with_scikit_learn(pairs):
    from sklearn.metrics import f1_score

    truth, guess = zip(*pairs, strict=True)
    theirs = f1_score(truth, guess, average=None, labels=sorted(set(truth)), zero_division=0)
    assert list(f1_by_label(truth, guess).values()) == pytest.approx(list(theirs))
    assert macro_f1(truth, guess) == pytest.approx(float(np.mean(theirs)))


@settings(deadline=None)
@given(SCORED)
def test_auroc_agrees_with_scikit_learn(pairs):
    from sklearn.metrics import roc_auc_score

    truth, scores = zip(*pairs, strict=True)
    if len(set(truth)) < 2:
        assert auroc(truth, scores) is None
    else:
        assert auroc(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


def test_calibration_error_of_a_worked_example():
    # Bins: {0.1, 0.1} with half true, {0.9} true: (2 x |0.1 - 0.5| + 1 x |0.9 - 1|) / 3.
    assert expected_calibration_error([True, False, True], [0.1, 0.1, 0.9]) == pytest.approx(0.3)
    assert reliability([True, False, True], [0.1, 0.1, 0.9])[0] == (0.1, 0.5, 2)


def test_perfect_probabilities_have_no_calibration_error():
    assert expected_calibration_error([True, False], [1.0, 0.0]) == 0.0


def test_nothing_to_count_is_undefined_not_zero():
    assert macro_f1([], []) is None
    assert auroc([], []) is None
    assert expected_calibration_error([], []) is None


@pytest.mark.parametrize("metric", [macro_f1, auroc, expected_calibration_error])
def test_lists_that_do_not_pair_up_are_refused(metric):
    with pytest.raises(LengthMismatchError):
        metric([True, False], [1.0])


def test_speech_and_snoring_stand_under_other():
    assert clip_label({"speech": 0.9, "cough": 0.5}) == "other"
    assert clip_label({"speech": 0.4, "cough": 0.5}) == "cough"
    assert clip_label({}) is None


def labelled(label, subject, rate=None):
    return make_case(attributes={"label": label, "subject": subject, "respiratory_rate_bpm": rate}, id=subject)


def test_silence_is_an_answer_and_failure_is_not():
    silent = Findings(state=FindingsState.SILENT, encoder="x", weight_reason="nothing")
    assert judged(labelled("other", "a"), silent).decided == "other"
    failed = judged(labelled("cough", "a"), None, "AUDIO_FORMAT")
    assert failed.decided is None
    assert failed.reason == "AUDIO_FORMAT"
    assert judged(make_case(attributes={}), silent) is None


def rows_by_metric(clips):
    rows = rows_of(clips, dataset="d", arm="a", rng=np.random.default_rng(0), reason=None)
    return {(row.metric, row.cohort): row for row in rows}


def test_a_rate_that_is_not_determinable_counts_as_wrong():
    clips = [
        Judged("a", "breath", "breath", {"breath": 0.9}, rate=13.0, reference_rate=12.0),
        Judged("b", "breath", "breath", {"breath": 0.9}, rate=None, reference_rate=12.0),
        Judged("c", "cough", "cough", {"breath": 0.1}),
        Judged("d", "breath", None, {}, reference_rate=12.0, reason="AUDIO_FORMAT"),
    ]
    row = rows_by_metric(clips)["breathing_rate_within_2", "all"]
    assert (row.value, row.errors, row.total, row.n_scored, row.n_unscored) == (0.5, 1, 2, 2, 1)
    assert "not determinable" in str(row.reason)


def test_a_clip_that_failed_is_counted_apart():
    clips = [
        Judged("a", "cough", "cough", {"cough": 0.9}),
        Judged("b", "breath", "breath", {"cough": 0.1}),
        Judged("c", "breath", None, {}, reason="AUDIO_FORMAT"),
    ]
    row = rows_by_metric(clips)["event_macro_f1", "all"]
    assert (row.value, row.n_scored, row.n_unscored) == (1.0, 2, 1)


def sounds(people, seed=0):
    rng = np.random.default_rng(seed)
    for person in range(people):
        label = ("cough", "breath", "other")[person % 3]
        sound = {
            "cough": lambda: at([0.3, 1.2], cough(int(rng.integers(99))), 2.5),
            "breath": lambda: breaths(12, seconds=4.0, seed=int(rng.integers(99))),
            "other": lambda: 0.1 * np.sin(2 * np.pi * rng.uniform(200, 900) * np.arange(40_000) / 16_000),
        }[label]()
        case = labelled(label, f"{seed}-{person}")
        yield LabelledClip(case, recording_of(sound.astype(np.float32)), label, f"{seed}-{person}")


@pytest.fixture(scope="module")
def spectral():
    return load_profile("embedded").override({"acoustic.backend": "spectral", "acoustic.weights": None})


@pytest.fixture(scope="module")
def clips():
    return Clips(tuple(sounds(30)), ())


@pytest.fixture
def own_head(clips, spectral, tmp_path):
    """A head that was fitted on `clips`, by path."""
    encoder = load_encoder(spectral.acoustic)
    heard = [listen_to(clip.recording, encoder, spectral.acoustic) for clip in clips.read]
    head = fit(examples_of(clips.read, heard, encoder, spectral.acoustic), EVENT_LABELS, seed=0).head
    changes = {"name": "made-up", "kind": "events", "target": None}
    facts = make_card().model_copy(update=changes).model_dump(exclude={"labels", "sha256"})
    seen = tuple(clip.recording.info.sha256 for clip in clips.read)
    return save_head(head, {**facts, "seen": seen}, tmp_path)


def test_clips_that_a_head_was_fitted_on_are_cross_validated_and_others_are_not(clips, spectral, own_head, monkeypatch):
    monkeypatch.delenv("VAIDYA_DATA", raising=False)
    config = spectral.override({"acoustic.head": str(own_head)})
    arguments = {"dataset": "d", "arm": "a", "rng": np.random.default_rng(0)}
    old = encoder_rows(clips, judge_encoder(clips, config), **arguments)[0]
    others = Clips(tuple(sounds(12, seed=5)), ())
    new = encoder_rows(others, judge_encoder(others, config), **arguments)[0]
    assert "cross-validation" in str(old.reason)
    assert "trained on none of these clips" in str(new.reason)
    assert old.metric == new.metric == "event_macro_f1"
    assert old.value > 0.9
    assert new.value > 0.9


def test_baselines_are_arms_with_the_same_metrics(clips):
    rows = baseline_rows(clips, dataset="d", rng=np.random.default_rng(0))
    assert {row.arm for row in rows} == {f"baseline:{n}" for n in ("duration", "rms", "zero_crossings", "majority")}
    majority = {row.metric: row for row in rows if row.arm == "baseline:majority" and row.cohort == "all"}
    assert majority["event_macro_f1"].value < 0.4
    assert majority["auroc"].low is not None


@pytest.mark.parametrize("people", [1, 4, 6])
def test_too_few_people_are_a_row_with_a_reason(people, spectral, monkeypatch):
    """Six people have two clips of each label: too few for five folds, though not too few people."""
    monkeypatch.setattr("vaidya.evaluation.acoustic_table.speech_clips", lambda _: ([], 0))
    few = Clips(tuple(sounds(people)), ())
    arguments = {"dataset": "d", "rng": np.random.default_rng(0)}
    judgement = judge_encoder(few, spectral, afresh=True)
    ours = {row.metric: row for row in encoder_rows(few, judgement, arm="a", **arguments) if row.cohort == "all"}
    theirs = [row for row in baseline_rows(few, **arguments) if row.metric == "event_macro_f1"]
    for row in (ours["event_macro_f1"], ours["auroc"], *theirs):
        assert (row.value, row.n_scored, row.n_unscored) == (None, 0, people)
        assert "folds" in row.reason
    assert {clip.reason for clip in judgement.results} == {"NO_EVENT_HEAD"}


def test_a_clinical_target_of_too_few_people_is_a_row_with_a_reason(spectral):
    ill = [
        dataclasses.replace(clip, case=clip.case.model_copy(update={"attributes": {"covid19": n == 0}}))
        for n, clip in enumerate(sounds(3))
    ]
    encoder = load_encoder(spectral.acoustic)
    heard = [listen_to(clip.recording, encoder, spectral.acoustic) for clip in ill]
    (row,) = target_rows(ill, heard, dataset="d", arm="a", rng=np.random.default_rng(0))
    assert (row.value, row.n_unscored) == (None, 3)
    assert "folds" in row.reason


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def test_further_speech_that_cannot_be_read_is_counted_and_left_out(spectral, monkeypatch, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"not a recording")
    write_wav(tmp_path / "fine.wav", at([0.3], cough(1), 2.5))
    made = [
        make_case(name, audio=f"{name}.wav", attributes={"source": ""}, language="ta") for name in ("broken", "fine")
    ]
    monkeypatch.setattr("vaidya.evaluation.acoustic_clips.read_cases", lambda _: made)
    monkeypatch.setattr("vaidya.evaluation.acoustic_clips.audio_path", lambda case: tmp_path / case.audio)
    (clip,), unread = speech_clips(spectral)
    assert (clip.case.id, clip.subject, unread) == ("fine", "unknown-speech_ta", 1)
