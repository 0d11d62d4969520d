import io
import json
from types import SimpleNamespace

import pytest

from tests.cli.conftest import SAID
from vaidya.schema import NoteState, Tier, TriageRecord


def test_json_is_the_record_and_nothing_else(vaidya):
    code, out, _ = vaidya("triage", "--spo2", 84, "--sbp", 82, "--age", 61, "--json")
    record = TriageRecord.model_validate_json(out)
    assert code == 0
    assert record.decision.tier is Tier.EMERGENCY
    assert record.vitals.measured() == {"spo2": 84.0, "sbp": 82.0}


def test_the_wire_has_the_names_that_others_rely_on(vaidya):
    _, out, _ = vaidya("triage", "--complaint", "crushing chest pain", "--pulse", 120, "--json")
    record = json.loads(out)
    assert set(record["transcript"]) >= {"state", "language", "segments"}
    assert set(record["note"]) >= {"state", "subjective", "objective", "assessment", "plan"}
    assert set(record["decision"]) >= {"tier", "needs_human", "preliminary_tier", "reasons"}
    assert set(record["decision"]["reasons"][0]) >= {"source", "rule", "tier"}
    assert set(record["note"]["objective"][0]) >= {"text", "evidence", "supported"}
    assert {"findings", "failures", "provenance", "timings"} <= set(record)


def test_the_page_says_why_and_what_is_missing(vaidya):
    code, out, _ = vaidya("triage", "--spo2", 84, "--age", 61)
    assert code == 0
    assert "EMERGENCY" in out
    assert "Missing" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--spo2", "140"], "VITALS: spo2"),
        (["--temperature", "98.6"], "Fahrenheit"),
        (["--pulse", "-5"], "VITALS: pulse"),
        (["--age", "400"], "PATIENT: age"),
        (["nowhere.wav"], "AUDIO_NOT_FOUND"),
        (["--language", "Hindi", "--spo2", "97"], "LANGUAGE"),
        ([], "INTAKE"),
    ],
)
def test_unusable_input_exits_2_with_a_code(vaidya, arguments, says):
    code, out, err = vaidya("triage", *arguments, "--json")
    assert code == 2
    assert says in err
    assert out == ""


def test_an_impossible_vital_is_refused_whatever_stands_beside_it(vaidya):
    code, out, err = vaidya("triage", "--spo2", 140, "--pulse", 120, "--age", 50, "--json")
    assert (code, out) == (2, "")
    assert err.startswith("VITALS: spo2 140")
    assert "20 to 100 %" in err


def test_beside_a_recording_from_a_pipe_it_is_left_out_and_said(vaidya, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"no sound")))
    code, out, err = vaidya("triage", "-", "--spo2", 140, "--pulse", 120, "--age", 50, "--json")
    record = json.loads(out)
    assert code == 0
    assert (record["vitals"]["spo2"], record["vitals"]["pulse"]) == (None, 120)
    assert "VITALS" in [failure["code"] for failure in record["failures"]]
    assert "intake:VITALS" in record["decision"]["human_reasons"]
    assert "VITALS: spo2 140" in err


def test_vitals_come_from_a_file_and_flags_win(vaidya, tmp_path):
    path = tmp_path / "vitals.json"
    path.write_text('{"spo2": 97, "on-oxygen": true, "pain": null}')
    _, out, _ = vaidya("triage", "--vitals", path, "--spo2", 90, "--json")
    assert json.loads(out)["vitals"]["spo2"] == 90
    assert json.loads(out)["vitals"]["on_oxygen"] is True


@pytest.mark.parametrize("text", ["not json", "[1, 2]", '{"sp02": 97}'])
def test_a_wrong_vitals_file_is_refused(vaidya, tmp_path, text):
    path = tmp_path / "vitals.json"
    path.write_text(text)
    code, _, err = vaidya("triage", "--vitals", path, "--json")
    assert code == 2
    assert err.startswith("VITALS")


def test_an_unknown_profile_is_our_users_setting_not_a_trace(vaidya):
    code, _, err = vaidya("triage", "--spo2", 97, "--profile", "laptop")
    assert code == 1
    assert err.startswith("CONFIG")
    assert "Traceback" not in err


def test_a_setting_is_changed_for_one_run(vaidya):
    _, out, _ = vaidya("triage", "--complaint", "crushing chest pain", "--age", 50, "--json")
    assert json.loads(out)["decision"]["tier"] == "EMERGENCY"
    off = ("--set", "triage.red_flags=false", "--set", "triage.complaint=false")
    code, out, _ = vaidya("triage", "--complaint", "crushing chest pain", "--age", 50, "--json", *off)
    assert code == 0
    assert json.loads(out)["decision"]["tier"] != "EMERGENCY"


@pytest.mark.parametrize("setting", ["triage.red_flag=false", "triage", "llm.max_tokens=many"])
def test_a_setting_that_is_none_is_refused(vaidya, setting):
    code, _, err = vaidya("triage", "--spo2", 97, "--set", setting)
    assert (code, err.partition(":")[0]) == (1, "CONFIG")


def test_an_experiment_takes_settings_over_its_own(vaidya, monkeypatch):
    taken = []
    monkeypatch.setattr("vaidya.experiment.ensure_weights", taken.append)
    monkeypatch.setattr("vaidya.experiment.run_experiment", lambda found, profile: taken.append(found))
    monkeypatch.setattr("vaidya.cli.experiment._print", lambda console, result: None)
    code, _, _ = vaidya("run", "benchmark", "--set", "llm.max_tokens=512")
    config, experiment = taken
    assert (code, config.llm.max_tokens, experiment.overrides["llm.max_tokens"]) == (0, 512, 512)


def test_fhir_is_a_bundle_and_holds_no_vital_that_was_not_measured(vaidya):
    code, out, _ = vaidya("triage", "--spo2", 93, "--age", 50, "--fhir")
    assert code == 0
    bundle = json.loads(out)
    assert bundle["resourceType"] == "Bundle"
    observations = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"]
    codes = [coding["code"] for o in observations for coding in o["code"]["coding"]]
    assert "59408-5" in codes
    assert "8867-4" not in codes


def test_a_redacted_record_holds_no_name(vaidya):
    words = "My name is Lakshmi Narayanan, call 98450 12345, I have chest pain"
    _, out, _ = vaidya("triage", "--complaint", words, "--age", 93, "--json", "--redacted")
    record = json.loads(out)
    assert "Lakshmi" not in out
    assert "98450" not in out
    assert "chest pain" in record["complaint"]
    assert record["patient"]["age"] == 90


def test_a_recording_is_heard_written_and_decided_on(vaidya, visit, scripted):
    code, out, err = vaidya("triage", visit, "--spo2", 97, "--age", 54, "--profile", scripted, "--json")
    record = TriageRecord.model_validate_json(out)
    assert (code, err) == (0, "")
    assert [segment.text for segment in record.transcript.segments] == list(SAID)
    assert record.recording.duration_s == pytest.approx(4.0)
    assert record.note.state is NoteState.DRAFTED
    assert "Chest pain since this morning" in [statement.text for statement in record.note.subjective]
    assert record.decision.tier is Tier.EMERGENCY  # chest pain is a red flag, whatever the model says
    assert record.decision.floors["model"] is Tier.URGENT
    assert not record.failures


def test_a_recording_comes_from_standard_input(vaidya, visit, scripted, monkeypatch):
    with visit.open("rb") as file:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=file))
        code, out, _ = vaidya("triage", "-", "--profile", scripted)
    assert code == 0
    assert SAID[1] in out
    assert "EMERGENCY" in out


@pytest.mark.weights
@pytest.mark.slow
def test_a_real_recording_through_the_models_that_ship(
    vaidya, repository, llm_weights, whisper_weights, yamnet_weights
):
    audio = repository / "eval" / "cases" / "audio" / "en-chest-pain.ogg"
    code, out, _ = vaidya("triage", audio, "--age", 58, "--set", f"llm.weights={llm_weights.used.name}", "--json")
    record = TriageRecord.model_validate_json(out)
    assert code == 0
    assert "chest" in record.transcript.text().lower()
    assert record.decision.tier is Tier.EMERGENCY
    assert {used.name for used in record.provenance.weights} >= {whisper_weights.used.name, yamnet_weights.used.name}
    assert not {failure.stage for failure in record.failures} - {"note"}  # the smallest model may write no usable note
