"""Readers of labelled sound on small folders in the published layouts: labels, subjects, and refusals."""

import csv
import json

import pytest

from vaidya.corpora.lines import Refused
from vaidya.corpora.respiratory import coswara, coughvid, esc50, icbhi, respiratory
from vaidya.errors import DataError

COLUMNS = [
    "file", "label", "fine_label", "subject", "duration_s", "peak", "rms_db", "dataset", "license", "covid19",
    "covid_verified", "channel", "respiratory_rate_bpm", "device", "orig_sample_rate",
]  # fmt: skip
CLIP = {"file": "clips/a.flac", "label": "cough", "fine_label": "induced", "subject": "p1"}
CLIP |= {"dataset": "d", "license": "L"}


def write_table(path, rows, columns=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_mixed_clip_keeps_what_is_known_and_no_more(tmp_path):
    rows = [
        CLIP | {"covid19": "False", "channel": "telegram"},
        CLIP | {"file": "clips/b.flac", "label": "breath", "respiratory_rate_bpm": "12", "device": "TLO"},
        CLIP | {"file": "clips/c.flac", "label": "other", "fine_label": "speech_de", "subject": "unknown"},
    ]
    write_table(tmp_path / "labels.csv", rows, COLUMNS)
    cough, breath, speech = respiratory(tmp_path)
    assert (cough.attributes["covid19"], cough.attributes["covid_verified"]) == (False, None)
    assert cough.attributes["respiratory_rate_bpm"] is None
    assert (breath.attributes["respiratory_rate_bpm"], breath.attributes["channel"]) == (12.0, "TLO")
    assert (cough.speech, speech.speech) == (False, True)
    assert speech.attributes["subject"] == "d-speech_de"


@pytest.mark.parametrize("label", ["", "wheeze"])
def test_a_missing_or_unknown_label_is_refused(tmp_path, label):
    write_table(tmp_path / "labels.csv", [CLIP | {"label": label}], COLUMNS)
    (refused,) = respiratory(tmp_path)
    assert isinstance(refused, Refused)
    assert refused.why.startswith("labels.csv line 2")


def test_a_missing_column_is_named(tmp_path):
    write_table(tmp_path / "labels.csv", [{"file": "a", "label": "cough"}])
    (refused,) = respiratory(tmp_path)
    assert isinstance(refused, Refused)
    assert "line 2 has no column" in refused.why


def test_esc50_maps_its_classes_and_keeps_the_source_recording_as_subject(tmp_path):
    rows = [
        {"filename": "1-10-A-21.wav", "fold": "1", "target": "21", "category": "sneezing", "src_file": "10"},
        {"filename": "1-11-A-0.wav", "fold": "1", "target": "0", "category": "dog", "src_file": "11"},
    ]
    write_table(tmp_path / "meta" / "esc50.csv", rows)
    assert [(c.attributes["label"], c.attributes["subject"], c.audio) for c in esc50(tmp_path)] == [
        ("sneeze", "fs-10", "audio/1-10-A-21.wav"),
        ("other", "fs-11", "audio/1-11-A-0.wav"),
    ]


def test_coughvid_leaves_doubtful_coughs_out_and_unknown_status_unknown(tmp_path):
    for name, row in {
        "a": {"cough_detected": "0.95", "status": "COVID-19", "respiratory_condition": "True"},
        "b": {"cough_detected": "0.91"},
        "c": {"cough_detected": "0.10", "status": "healthy"},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(row))
        (tmp_path / f"{name}.webm").touch()
    found = list(coughvid(tmp_path))
    assert [(c.attributes["covid19"], c.attributes["respiratory_condition"]) for c in found] == [
        (True, True),
        (None, None),
    ]


def test_coswara_pairs_files_with_people(tmp_path):
    folder = tmp_path / "20200413" / "p1"
    folder.mkdir(parents=True)
    for name in ("cough-heavy", "breathing-deep", "vowel-a"):
        (folder / f"{name}.wav").touch()
    write_table(tmp_path / "combined_data.csv", [{"id": "p1", "covid_status": "recovered_full"}])
    found = list(coswara(tmp_path))
    assert [c.attributes["label"] for c in found] == ["breath", "cough"]
    assert {c.attributes["subject"] for c in found} == {"coswara-p1"}
    assert {c.attributes["covid19"] for c in found} == {None}


def test_icbhi_counts_breaths_from_its_cycles(tmp_path):
    (tmp_path / "101_1b1_Al_sc_Meditron.wav").touch()
    (tmp_path / "101_1b1_Al_sc_Meditron.txt").write_text("0.0\t3.0\t0\t0\n3.0\t6.0\t1\t0\n6.0\t9.0\t0\t0\n")
    (case,) = icbhi(tmp_path)
    assert case.attributes["subject"] == "icbhi-101"
    assert case.attributes["respiratory_rate_bpm"] == pytest.approx(20.0)
    assert (case.attributes["crackle"], case.attributes["wheeze"]) == (True, False)


def test_a_file_that_is_not_named_as_published_is_refused(tmp_path):
    (tmp_path / "lung.wav").touch()
    with pytest.raises(DataError, match="ICBHI"):
        list(icbhi(tmp_path))


@pytest.mark.data
def test_the_shared_clips_all_have_a_label_and_a_subject(data_folder):
    cases = list(respiratory(data_folder / "audio" / "respiratory"))
    assert cases
    assert all(case.attributes["label"] and case.attributes["subject"] for case in cases)
    assert len({case.id for case in cases}) == len(cases)
