"""The terminal page and the notebook page: all that a reviewer needs, and nothing that runs."""

import base64
import io
import re
import wave
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from vaidya.audio import read_recording
from vaidya.errors import AudioError
from vaidya.record import html, page, view
from vaidya.schema import AudioFlag, Failure, Patient, Recording, RecordingInfo, Segment, Sex, Tier
from vaidya.units import SAMPLE_RATE_HZ

SHOWN = (
    "URGENT",
    "a clinician within 10 minutes",
    "UNSUPPORTED_STATEMENT",
    "chest_pain",
    "Chest pain since morning.",
    "0:00.5–0:02.0",
    "SpO2 93 %",
    "unsupported: not said",
    "Withheld",
    "language hi (97%)",
    "2 coughs",
    "temperature",
    "LISTENING",
    "the encoder failed",
    "1.25 s",
    view.SAFETY_NOTICE,
)


class Text(HTMLParser):
    """The text and the tags of a page, as a browser would read them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def terminal(record) -> str:
    console = Console(width=160, file=io.StringIO(), force_terminal=False)
    page.show(record, console)
    return console.file.getvalue()


def info(*flags):
    return RecordingInfo(
        sha256="0" * 64, size_bytes=1, container="wav", codec="pcm", source_rate_hz=16000, channels=1,
        duration_s=5.0, peak=1.0, rms_dbfs=-3.0, silence_share=0.0, clipped_share=0.0, flags=flags,
    )  # fmt: skip


def everywhere(record) -> tuple[str, str]:
    return terminal(record), re.sub(r"\s+", " ", Text(html.page(record)).text)


@pytest.mark.parametrize("flag", AudioFlag)
def test_both_pages_say_what_is_wrong_with_the_recording(record, flag):
    for shown in everywhere(record.model_copy(update={"recording": info(flag)})):
        assert view.FLAGS[flag] in shown


def test_both_pages_say_where_words_were_withheld(record):
    gap = Segment(id=0, start_s=0.5, end_s=2.0, text="", flags=("UNINTELLIGIBLE", "LOW_PROBABILITY"))
    heard = record.transcript.model_copy(update={"segments": (gap,)})
    for shown in everywhere(record.model_copy(update={"transcript": heard})):
        assert "not understood: listen to it] (unintelligible, low probability)" in shown


@pytest.mark.parametrize("words", SHOWN)
def test_both_pages_show(record, words):
    assert words in terminal(record)
    assert words in re.sub(r"\s+", " ", Text(html.page(record)).text)


def test_what_the_patient_said_is_text_and_never_markup(record):
    shown = Text(html.page(record))
    assert "script" not in shown.tags
    assert "<script>alert(1)</script>" in shown.text
    assert "Known <b>diabetes</b>." in shown.text
    assert "[bold]since & morning" in terminal(record)


def test_a_notebook_shows_the_page(record):
    assert record._repr_html_() == html.page(record)


def test_nothing_measured_is_said_and_listed_as_missing(bare):
    shown = terminal(bare)
    assert "no vital sign was measured" in shown
    for label in (*view.LABELS.values(), "age", "sex", "pregnancy"):
        assert label in view.missing(bare)
    assert "nothing: no recording was given" in shown


def test_a_failure_elsewhere_does_not_make_a_recording(bare):
    refused = Failure(stage="intake", code="VITALS", message="spo2 140: accepted from 20 to 100 %")
    assert "nothing: no recording was given" in terminal(bare.model_copy(update={"failures": (refused,)}))
    lost = Failure(stage="audio", code="AUDIO_FORMAT", message="not a recording")
    assert "no recording was given" not in terminal(bare.model_copy(update={"failures": (lost,)}))


def test_age_zero_is_an_age(bare):
    newborn = bare.model_copy(update={"patient": Patient(age=0.0, sex=Sex.MALE)})
    assert view.patient(newborn) == "0 years, male"
    assert "age" not in view.missing(newborn)
    assert "pregnancy" not in view.missing(newborn)


@pytest.mark.parametrize("tier", list(Tier))
def test_each_tier_has_its_own_colour(record, tier):
    decided = record.model_copy(update={"decision": record.decision.model_copy(update={"tier": tier})})
    assert html.BANNER[tier.colour][0] in html.page(decided)
    assert terminal(decided)


@pytest.mark.parametrize(("background", "text"), html.BANNER.values())
def test_banner_contrast_is_readable(background, text):
    lighter, darker = sorted((luminance(background), luminance(text)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.1, criterion 1.4.3


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_record_is_shown_with_its_own_recording_and_no_other(record, tmp_path):
    path = tmp_path / "visit.wav"
    path.write_bytes(html._wav(np.linspace(-0.5, 0.5, 5 * SAMPLE_RATE_HZ, dtype=np.float32)))
    heard = record.model_copy(update={"recording": read_recording(path).info})
    shown = heard.show(path)
    assert shown.record is heard
    assert shown._repr_html_().count("<audio") == 2
    assert "<script>" not in shown._repr_html_()
    assert heard.show(path.read_bytes())._repr_html_() == shown._repr_html_()
    path.write_bytes(html._wav(np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)))
    with pytest.raises(AudioError, match="another recording"):
        heard.show(path)


def test_a_record_without_a_recording_is_shown_as_it_is(record):
    assert record.show()._repr_html_() == html.page(record) == record.show("nowhere.wav")._repr_html_()


def test_each_segment_is_playable_where_the_recording_is_given(record):
    samples = np.linspace(-1, 1, 5 * SAMPLE_RATE_HZ, dtype=np.float32)
    clips = re.findall(r'src="data:audio/wav;base64,([^"]+)"', html.page(record, Recording(samples, info())))
    lengths = []
    for clip in clips:
        with wave.open(io.BytesIO(base64.b64decode(clip))) as file:
            lengths.append(file.getnframes() / file.getframerate())
    assert lengths == [1.5, 2.25]
    assert "<audio" not in html.page(record)
