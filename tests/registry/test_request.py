"""Plain values from a wire become an intake, or a coded refusal."""

import base64
import math

import boto3
import pytest
from moto import mock_aws

from vaidya.config import AudioConfig
from vaidya.errors import (
    AudioNotFoundError,
    AudioTooLargeError,
    IntakeError,
    LanguageError,
    PatientError,
    VitalsError,
)
from vaidya.registry.request import _s3, intake_of
from vaidya.schema import Sex

LIMITS = AudioConfig(max_bytes=1_000)
SOUND = b"RIFF\x00\x01\x02"


def test_every_field_arrives():
    intake = intake_of(
        {
            "audio": base64.b64encode(SOUND).decode(),
            "vitals": '{"spo2": 93}',
            "age": 0.0,
            "sex": "female",
            "pregnant": False,
            "language": "hi",
            "complaint": "cough",
        },
        LIMITS,
    )
    assert (intake.audio, intake.vitals.spo2, intake.patient.age) == (SOUND, 93.0, 0.0)
    assert (intake.patient.sex, intake.patient.pregnant, intake.language) == (Sex.FEMALE, False, "hi")


@pytest.mark.parametrize("absent", [None, "", math.nan])
def test_absent_is_absent_and_never_a_value(absent):
    intake = intake_of({"age": absent, "vitals": {"spo2": absent, "pulse": 80}, "complaint": "cough"}, LIMITS)
    assert intake.patient.age is None
    assert intake.vitals.measured() == {"pulse": 80.0}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"audio": "not base64!"}, IntakeError),
        ({"audio": 7}, IntakeError),
        ({"audio": "A" * 2_000}, AudioTooLargeError),
        ({"audio": "file:///etc/passwd"}, IntakeError),
        ({"vitals": "spo2=93"}, VitalsError),
        ({"vitals": "[93]"}, VitalsError),
        ({"vitals": {"spo2": 140}}, VitalsError),
        ({"age": 200.0}, PatientError),
        ({"vitals": '{"spo2": NaN}'}, VitalsError),
        ({"vitals": "[" * 100_000}, VitalsError),
        ({"language": "Hindi"}, LanguageError),
        ({"language": 7}, LanguageError),
        ({"colour": "red"}, IntakeError),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_code(values, error):
    with pytest.raises(error):
        intake_of(values, LIMITS)


def test_a_local_file_is_read_below_the_folder_that_is_allowed(tmp_path):
    path = tmp_path / "my cough.wav"
    path.touch()
    assert intake_of({"audio": path.as_uri()}, LIMITS, local_root=tmp_path).audio == path


@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "file://{root}/../outside.wav", "file://{root}/%2e%2e/outside.wav",
                "file://{root}/link.wav", "file://elsewhere{root}/a.wav", "file://{root}-beside/a.wav",
                "file://[{root}/a.wav", "file://{root}/%00.wav", "file://{root}/" + "a" * 5_000]
)  # fmt: skip
def test_a_local_file_outside_of_it_is_not(tmp_path, address):
    root = tmp_path / "visits"
    root.mkdir()
    for name in ("outside.wav", "visits-beside/a.wav", "visits/a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (root / "link.wav").symlink_to(tmp_path / "outside.wav")
    with pytest.raises(IntakeError, match="no file at this"):
        intake_of({"audio": address.format(root=root)}, LIMITS, local_root=root)


@pytest.fixture
def bucket(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    _s3.cache_clear()
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="clinic")
        yield client
    _s3.cache_clear()


@pytest.mark.parametrize("key", ["visit #2.wav", "a?b=c.wav", "a%20b.wav"])
def test_a_key_in_s3_is_taken_as_it_is(bucket, key):
    bucket.put_object(Bucket="clinic", Key=key, Body=SOUND)
    assert intake_of({"audio": f"s3://clinic/{key}"}, LIMITS).audio == SOUND


def test_s3_is_given_up_soon_because_somebody_waits(bucket):
    config = _s3()[0].meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (5.0, 15.0, 2)


def test_audio_in_s3_is_read_within_the_limit(bucket):
    bucket.put_object(Bucket="clinic", Key="a/b.wav", Body=SOUND)
    bucket.put_object(Bucket="clinic", Key="big.wav", Body=b"0" * 2_000)
    assert intake_of({"audio": "s3://clinic/a/b.wav"}, LIMITS).audio == SOUND
    with pytest.raises(AudioTooLargeError):
        intake_of({"audio": "s3://clinic/big.wav"}, LIMITS)
    with pytest.raises(AudioNotFoundError):
        intake_of({"audio": "s3://clinic/missing.wav"}, LIMITS)
