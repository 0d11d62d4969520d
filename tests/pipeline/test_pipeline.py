"""What no failure may do (docs: clinical rules), with made-up engines that fail on purpose."""

import io
import subprocess
import sys
import time
import wave

import numpy as np
import pytest

from vaidya.config import RunConfig
from vaidya.errors import (
    AudioFormatError,
    AudioNotFoundError,
    GenerationTimeoutError,
    InputError,
    IntakeError,
    NoteFormatError,
    TranscriptionError,
    VitalsError,
)
from vaidya.note.base import Draft
from vaidya.pipeline import Pipeline
from vaidya.schema import (
    AudioFlag,
    FindingsState,
    FinishReason,
    Generation,
    Intake,
    NoteState,
    Tier,
    TranscriptState,
    TriageRecord,
)
from vaidya.testing import make_findings, make_note, make_transcript
from vaidya.units import SAMPLE_RATE_HZ

NORMAL = {
    "respirations": 16,
    "spo2": 98,
    "on_oxygen": False,
    "sbp": 122,
    "pulse": 72,
    "temperature": 36.8,
    "consciousness": "A",
}
ADULT = {"age": 40, "sex": "male", "pregnant": False}


def wav(seconds=2.0):
    buffer = io.BytesIO()
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


class Hears:
    """A transcriber that hears the same words in anything, or fails."""

    name, weights = "hears", ()

    def __init__(self, lines=("I need a refill of my tablets.",), error=None, delay_s=0.0):
        self.lines, self.error, self.delay_s = lines, error, delay_s

    def transcribe(self, recording, language=None):
        time.sleep(self.delay_s)
        if self.error:
            raise self.error
        return make_transcript(self.lines)


class Listens:
    name, weights = "listens", ()

    def __init__(self, error=None):
        self.error = error

    def listen(self, recording):
        if self.error:
            raise self.error
        return make_findings()


class Writes:
    prompt_version = "made-up"

    def __init__(self, tier=Tier.ROUTINE, error=None):
        self.tier, self.error = tier, error

    def write(self, source, *, on_tier=None, on_text=None):
        if self.error:
            raise self.error
        if on_tier and self.tier:
            on_tier(self.tier)
        return Draft(note=make_note(["Needs a refill."]), tier=self.tier, attempt="first")


def pipeline(transcriber=None, listener=None, writer=None, **settings):
    config = RunConfig(profile="made-up").override({k.replace("__", "."): v for k, v in settings.items()})
    return Pipeline(
        config, transcriber=transcriber or Hears(), listener=listener or Listens(), writer=writer or Writes()
    )


def codes(record):
    return {(failure.stage, failure.code) for failure in record.failures}


def test_a_well_adult_who_wants_a_refill_is_routine():
    record = pipeline()(wav(), vitals=NORMAL, patient=ADULT)
    assert record.decision.tier is Tier.ROUTINE
    assert record.note.state is NoteState.DRAFTED
    assert not record.failures
    assert TriageRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    "error",
    [TranscriptionError("engine stopped"), RuntimeError("transcription failed: out of memory"), MemoryError()],
    ids=["coded", "unexpected", "memory"],
)
def test_a_failed_transcription_leaves_no_words_and_is_never_routine(error):
    record = pipeline(transcriber=Hears(error=error))(wav(), vitals=NORMAL, patient=ADULT)
    assert record.transcript.state is TranscriptState.FAILED
    assert record.transcript.segments == ()
    assert record.note.state is not NoteState.DRAFTED
    assert record.decision.tier >= Tier.URGENT
    assert record.decision.needs_human
    assert record.findings.state is FindingsState.LISTENED
    assert "transcript" in {stage for stage, _ in codes(record)}


def test_an_unexpected_errors_text_never_reaches_the_record():
    secret = "patient Asha Rao said 98450"
    record = pipeline(transcriber=Hears(error=ValueError(secret)))(wav(), vitals=NORMAL, patient=ADULT)
    assert "Asha" not in record.model_dump_json()
    assert ("transcript", "INTERNAL") in codes(record)


@pytest.mark.parametrize(
    "error",
    [GenerationTimeoutError("too slow"), NoteFormatError("not a note"), KeyError("tier"), OSError("gone")],
    ids=["timeout", "unreadable", "unexpected", "io"],
)
def test_a_failed_note_gives_the_extractive_one_and_at_least_urgent(error):
    record = pipeline(writer=Writes(error=error))(wav(), vitals=NORMAL, patient=ADULT)
    assert record.note.state is NoteState.EXTRACTIVE
    assert record.decision.tier >= Tier.URGENT
    assert record.decision.needs_human
    assert record.transcript.state is TranscriptState.SPEECH


def test_replies_that_could_not_be_used_are_counted_as_work():
    error = NoteFormatError("not a note")
    reply = Generation(text="?", model="made-up", finish_reason=FinishReason.STOP, tokens_out=90, decode_s=3.0)
    error.generations = (reply, reply)
    record = pipeline(writer=Writes(error=error))(wav(), vitals=NORMAL, patient=ADULT)
    assert (record.tokens["requests"], record.tokens["tokens_out"], record.tokens["decode_s"]) == (2, 180, 6)
    assert record.note.state is NoteState.EXTRACTIVE


def test_a_model_without_a_tier_is_not_a_routine_patient():
    record = pipeline(writer=Writes(tier=None))(wav(), vitals=NORMAL, patient=ADULT)
    assert record.decision.tier >= Tier.URGENT
    assert record.decision.needs_human


def test_a_failed_listener_is_a_state_not_a_score():
    record = pipeline(listener=Listens(error=RuntimeError("no model")))(wav(), vitals=NORMAL, patient=ADULT)
    assert record.findings.state is FindingsState.FAILED
    assert record.findings.weight == 0
    assert record.findings.signal is None
    assert record.note.state is NoteState.DRAFTED


def test_the_models_answer_never_erases_what_the_vitals_demand():
    dying = NORMAL | {"sbp": 68, "spo2": 84}
    record = pipeline(writer=Writes(Tier.ROUTINE))(wav(), vitals=dying, patient=ADULT)
    assert record.decision.preliminary_tier is Tier.EMERGENCY
    assert record.decision.tier is Tier.EMERGENCY


def test_a_stage_that_hangs_is_left_behind():
    slow = pipeline(transcriber=Hears(delay_s=1.5), transcript__timeout_s=0.2)
    record = slow(wav(), vitals=NORMAL, patient=ADULT)
    assert ("transcript", "STAGE_TIMEOUT") in codes(record)
    assert record.decision.tier >= Tier.URGENT


def test_a_hung_stage_does_not_keep_the_process_alive():
    code = (
        f"import runpy; here = runpy.run_path({__file__!r})\n"
        "slow = here['pipeline'](transcriber=here['Hears'](delay_s=60), transcript__timeout_s=0.2)\n"
        "print(here['codes'](slow(here['wav'](), vitals=here['NORMAL'])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert "STAGE_TIMEOUT" in done.stdout


def broken(*_arguments, **_settings):
    raise RuntimeError("patient Asha Rao said 98450")


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        ("preliminary", "triage"),
        ("decide", "triage"),
        ("with_standing_plan", "note"),
        ("assemble", "record"),
        ("extractive_note", "note"),
    ],
)
@pytest.mark.parametrize("written", [True, False], ids=["note written", "note failed"])
def test_no_step_that_fails_loses_the_consultation(monkeypatch, step, stage, written):
    monkeypatch.setattr(f"vaidya.consultation.{step}", broken)
    dying = NORMAL | {"sbp": 62}
    writer = Writes() if written else Writes(error=KeyError("tier"))
    record = pipeline(writer=writer)(wav(), vitals=dying, patient=ADULT)
    if step != "extractive_note" or not written:
        assert (stage, "INTERNAL") in codes(record)
        assert f"{stage}:INTERNAL" in record.decision.human_reasons
        assert record.decision.needs_human
    assert record.decision.tier is Tier.EMERGENCY
    assert record.transcript.state is TranscriptState.SPEECH
    assert "Asha" not in record.model_dump_json()
    assert TriageRecord.model_validate_json(record.model_dump_json()) == record


def test_rules_that_fail_leave_an_urgent_patient_and_a_person(monkeypatch):
    monkeypatch.setattr("vaidya.consultation.decide", broken)
    calm = pipeline()(wav(), vitals=NORMAL, patient=ADULT).decision
    assert (calm.tier, calm.needs_human) == (Tier.URGENT, True)
    feared = pipeline(writer=Writes(Tier.EMERGENCY))(wav(), vitals=NORMAL, patient=ADULT).decision
    assert feared.tier is Tier.EMERGENCY


def test_a_note_that_cannot_even_be_quoted_is_abstained(monkeypatch):
    monkeypatch.setattr("vaidya.consultation.extractive_note", broken)
    record = pipeline(writer=Writes(error=OSError("gone")))(wav(), vitals=NORMAL, patient=ADULT)
    assert (record.note.state, record.note.reason) == (NoteState.ABSTAINED, "INTERNAL")
    assert record.decision.tier >= Tier.URGENT


def test_an_emergency_that_the_model_told_before_it_failed_is_kept():
    class Stops(Writes):
        def write(self, source, *, on_tier=None, on_text=None):
            on_tier(self.tier)
            raise GenerationTimeoutError("too slow")

    assert pipeline(writer=Stops(Tier.EMERGENCY))(wav(), vitals=NORMAL, patient=ADULT).decision.tier is Tier.EMERGENCY
    mild = pipeline(writer=Stops(Tier.ROUTINE))(wav(), vitals=NORMAL, patient=ADULT)
    assert (mild.decision.tier, mild.decision.floors.get("model")) == (Tier.URGENT, None)


def test_a_recording_that_was_cut_off_is_urgent_and_asks_a_person():
    record = pipeline()(wav()[: len(wav()) // 2], vitals=NORMAL, patient=ADULT)
    assert AudioFlag.TRUNCATED in record.recording.flags
    assert record.decision.tier is Tier.URGENT
    assert "RECORDING_TRUNCATED" in record.decision.human_reasons


def test_unusable_sound_is_raised_only_when_nothing_else_was_given():
    with pytest.raises(AudioFormatError):
        pipeline()(b"this is not a recording, whatever its name says" * 20)
    record = pipeline()(b"this is not a recording" * 50, vitals=NORMAL, patient=ADULT)
    assert record.failures[0].stage == "audio"
    assert record.decision.tier >= Tier.URGENT


def test_a_path_that_does_not_exist_is_the_callers_mistake(tmp_path):
    with pytest.raises(AudioNotFoundError):
        pipeline()(tmp_path / "nothing.wav", vitals=NORMAL)


@pytest.mark.parametrize(
    "given",
    [{}, {"patient": ADULT}, {"vitals": {"spo2_scale": 2}}, {"complaint": "  "}, {"language": "hi"}],
    ids=["nothing", "patient", "scale", "blank", "language"],
)
def test_nothing_to_decide_on_is_refused(given):
    with pytest.raises(IntakeError):
        pipeline()(**given)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("spo2", 140, "20 to 100"),
        ("pulse", -3, "0 to 350"),
        ("temperature", 98.6, "Fahrenheit"),
        ("respirations", float("nan"), "respirations"),
        ("consciousness", "awake", "A, C, V, P, U"),
        ("sbp", "120/80", "sbp"),
    ],
)
def test_an_impossible_vital_alone_is_refused_by_name(name, value, says):
    with pytest.raises(VitalsError, match=name) as caught:
        pipeline()(vitals={name: value})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "lost"),
    [
        ({"spo2": 140}, {"spo2"}),
        ({"temperature": 98.6, "pulse": "fast"}, {"temperature", "pulse"}),
        ({"sbp": 80, "dbp": 120}, {"sbp", "dbp"}),
        ({"consciousness": "awake", "sbp": 80, "dbp": 120}, {"consciousness", "sbp", "dbp"}),
    ],
)
def test_an_impossible_vital_loses_nothing_else(wrong, lost):
    record = pipeline()(wav(), vitals=NORMAL | wrong, patient=ADULT)
    assert record.vitals.measured().keys() == NORMAL.keys() - lost
    assert record.transcript.state is TranscriptState.SPEECH
    assert {code for code in codes(record)} == {("intake", "VITALS")}
    message = " ".join(failure.message for failure in record.failures)
    assert all(name in message or name in ("sbp", "dbp") for name in lost)
    assert "intake:VITALS" in record.decision.human_reasons
    assert record.decision.tier > Tier.ROUTINE


def test_vitals_that_no_reader_unfolds_are_refused():
    deep = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(VitalsError):
        pipeline()(wav(), vitals={"spo2": deep})


def test_a_name_that_no_vital_has_is_the_callers_mistake():
    with pytest.raises(VitalsError, match="'oxygen' is not known"):
        pipeline()(wav(), vitals={"oxygen": 93})


@pytest.mark.parametrize(
    "given",
    [
        {"patient": {"age": "Asha Rao 54"}},
        {"patient": {"sex": "Asha Rao"}},
        {"patient": {"Asha Rao": 54}},
        {"vitals": {"spo2": "Asha Rao 93"}},
        {"vitals": {"Asha Rao": 93}},
        {"language": "Asha Rao"},
    ],
)
def test_a_refusal_never_repeats_free_text(given):
    with pytest.raises(InputError) as caught:
        pipeline()(**given)
    assert "Asha" not in str(caught.value)


def test_a_newborns_age_is_an_age():
    record = pipeline()(wav(), vitals=NORMAL, patient={"age": 0})
    assert record.patient.age == 0
    assert record.decision.needs_human


def test_the_same_consultation_gives_the_same_record_apart_from_times():
    run = pipeline()
    first, second = (run(wav(), vitals=NORMAL, patient=ADULT) for _ in range(2))
    volatile = {"timings": True, "provenance": {"created_at"}}
    assert first.model_dump(exclude=volatile) == second.model_dump(exclude=volatile)
    other = run(wav(), vitals=NORMAL | {"pulse": 73}, patient=ADULT)
    assert other.record_id != first.record_id


def test_the_preliminary_tier_comes_first_and_the_record_last():
    events = list(pipeline().stream(Intake(audio=wav())))
    assert events[0].kind == "preliminary_tier"
    assert [event.kind for event in events].count("done") == 1
    assert isinstance(events[-1].record, TriageRecord)
    assert [event.at_s for event in events if event.stage != "acoustic"] == sorted(
        event.at_s for event in events if event.stage != "acoustic"
    )


def test_a_stream_raises_what_a_run_would():
    with pytest.raises(IntakeError):
        list(pipeline().stream(Intake()))


def test_importing_vaidya_loads_no_model_library():
    heavy = {"torch", "mlflow", "boto3", "transformers", "faster_whisper", "xllamacpp", "onnxruntime", "pandas"}
    code = "import sys, vaidya, vaidya.pipeline, vaidya.cli; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)
