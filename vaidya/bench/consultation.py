"""The consultation that is measured: about a minute of speech, and the facts that its note must hold."""

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vaidya.audio import read_recording
from vaidya.config import AudioConfig
from vaidya.corpora import audio_path, read_cases
from vaidya.errors import DataError
from vaidya.schema import Case, Intake, Patient, Vitals
from vaidya.units import SAMPLE_RATE_HZ

SECONDS = 60.0
TOLERANCE = 0.15  # of the wanted length, either way: whole recordings are joined, none is cut
PAUSE_S = 0.5
_VITALS = Vitals(respirations=22, spo2=95, pulse=104, sbp=128, temperature=37.9)
_PATIENT = Patient(age=54)


@dataclass(frozen=True, slots=True)
class Consultation:
    """A recording of known length with what else a nurse would type.

    case: the joined reference; it has facts only when the project's own cases were used. pieces: ids of what was
    joined.
    """

    path: Path
    duration_s: float
    case: Case
    pieces: tuple[str, ...]

    def intake(self) -> Intake:
        """What the pipeline is given; the language is not told, as in a clinic it would not be."""
        return Intake(audio=self.path, vitals=self.case.vitals, patient=self.case.patient)


def make_consultation(folder: Path, seconds: float = SECONDS) -> Consultation:
    """English recordings of the project's own cases joined to about `seconds`; without them, public clips.

    Raises:
        DataError: neither the project's recordings nor VAIDYA_DATA is there.
    """
    found = _own(seconds) or _public(seconds)
    if not found:
        raise DataError("no speech to measure with: run from a checkout (eval/cases), set VAIDYA_DATA, or give --audio")
    samples = _joined([samples for _, samples in found])
    path = folder / "consultation.wav"
    _write_wav(path, samples)
    cases = [case for case, _ in found]
    return Consultation(path, len(samples) / SAMPLE_RATE_HZ, _one(cases), tuple(case.id for case in cases))


def from_file(path: Path) -> Consultation:
    """A recording of the user's own, without a reference.

    Raises:
        AudioError: it cannot be used.
    """
    duration_s = read_recording(path, AudioConfig()).info.duration_s
    case = Case(id="own", dataset="file", licence="the user's own", synthetic=False, vitals=_VITALS, patient=_PATIENT)
    return Consultation(path, duration_s, case, (path.name,))


def repeated(consultation: Consultation, seconds: float, folder: Path) -> Consultation:
    """The same speech over and over to a length: for how time and memory grow with it."""
    once = read_recording(consultation.path, AudioConfig()).samples
    times = max(1, round(seconds / consultation.duration_s))
    samples = _joined([once] * times)
    path = folder / f"consultation-{seconds:g}s.wav"
    _write_wav(path, samples)
    return Consultation(path, len(samples) / SAMPLE_RATE_HZ, consultation.case, consultation.pieces)


def _own(seconds: float) -> list[tuple[Case, np.ndarray]]:
    try:
        cases = read_cases("cases")
    except DataError:
        return []
    spoken = (case for case in cases if case.audio and case.speech and case.language == "en" and case.facts)
    clean = (case for case in spoken if not case.attributes.get("noise_snr_db"))
    return _about(seconds, ((case, path) for case in clean if (path := audio_path(case)) and path.is_file()))


def _public(seconds: float) -> list[tuple[Case, np.ndarray]]:
    """Public clips say nothing about a patient, so the vital signs and the patient are made up."""
    try:
        cases = [case for case in read_cases("speech_multilingual") if case.language == "en"]
        typed = [case.model_copy(update={"vitals": _VITALS, "patient": _PATIENT}) for case in cases]
        return _about(seconds, ((case, path) for case in typed if (path := audio_path(case)) and path.is_file()))
    except DataError:
        return []


def _about(seconds: float, found: Iterator[tuple[Case, Path]]) -> list[tuple[Case, np.ndarray]]:
    """Recordings in order, leaving out what would make the whole too long, until it is long enough."""
    taken: list[tuple[Case, np.ndarray]] = []
    total = 0.0
    for case, path in found:
        samples = read_recording(path, AudioConfig()).samples
        length = len(samples) / SAMPLE_RATE_HZ + PAUSE_S
        if total + length <= seconds * (1 + TOLERANCE):
            taken.append((case, samples))
            total += length
        if total >= seconds * (1 - TOLERANCE):
            break
    return taken


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), dtype=np.float32)
    return np.concatenate([piece for part in parts for piece in (part, pause)])


def _one(cases: Sequence[Case]) -> Case:
    """One case out of several: what was said in all of them, the vital signs and the patient of the first."""
    first = cases[0]
    return first.model_copy(
        update={
            "id": "joined",
            "turns": tuple(turn for case in cases for turn in case.turns),
            "facts": tuple(fact for case in cases for fact in case.facts),
            "vitals": first.vitals if first.vitals.measured() else _VITALS,
            "tier": None,
            "acceptable_tiers": None,
        }
    )


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
