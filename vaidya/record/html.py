"""A record as a page in a notebook or a report; everything that came from outside is escaped.

No script and no external address. Colours are inherited, so that it can be read in light and dark themes; only the
tier's banner sets both its colours. Each segment is playable where the recording is given: a record holds no audio.
"""

import base64
import functools
import io
import wave
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np

from vaidya.audio import read_recording
from vaidya.errors import AudioError
from vaidya.record import view
from vaidya.schema import Recording, Segment, TriageRecord
from vaidya.units import SAMPLE_RATE_HZ

# Background and text of the tier's banner: contrast of at least 4.5 to 1 (WCAG 2.1, criterion 1.4.3).
BANNER = {
    "red": ("#b00020", "#ffffff"),
    "orange": ("#ff9800", "#000000"),
    "yellow": ("#ffe047", "#000000"),
    "green": ("#1b6e2c", "#ffffff"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as a notebook shows it, each segment with a player where the recording is at hand."""

    record: TriageRecord
    audio: Recording | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        return page(self.record, self.audio)

    def __str__(self) -> str:
        return str(self.record)


def with_sound(record: TriageRecord, audio: str | Path | bytes | None) -> Shown:
    """The record with its recording, read again from where it came from; without one where none could be used.

    Raises:
        AudioError: it is not there any more, or it is another recording than the record's: what is played beside a
            patient's words must be that patient's voice.
    """
    if audio is None or record.recording is None:
        return Shown(record)
    recording = read_recording(audio)
    if recording.info.sha256 != record.recording.sha256:
        raise AudioError("this is another recording than the record's; give the one that was triaged")
    return Shown(record, recording)


def page(record: TriageRecord, audio: Recording | None = None) -> str:
    """The HTML fragment of one record.

    audio: the decoded recording, when it is at hand; each segment then carries its own short clip.
    """
    parts = [
        f"<style>{_style()}</style>",
        _banner(record),
        _section("Why", _reasons(record)),
        _section(f"Note ({view.note_state(record)})", _note(record)),
        _section("Heard", _heard(record, audio)),
        _section("Measured", escape(view.pairs(view.measured(record)) or "no vital sign was measured")),
        _section("Missing", escape(", ".join(view.missing(record)) or "nothing")),
        _failures(record),
        _section("Time", escape(view.pairs((name, f"{seconds:.2f} s") for name, seconds in view.times(record)))),
        f'<p class="dim">{escape(view.origin(record))}</p><p><em>{escape(view.SAFETY_NOTICE)}</em></p>',
    ]
    return f'<div class="vaidya">{"".join(parts)}</div>'


@functools.cache
def _style() -> str:
    return (resources.files("vaidya.record") / "record.css").read_text(encoding="utf-8")


def _section(title: str, content: str) -> str:
    return f"<h4>{escape(title)}</h4><div>{content}</div>" if content else ""


def _coloured(tier_colour: str) -> str:
    background, text = BANNER[tier_colour]
    return f"background:{background};color:{text}"


def _banner(record: TriageRecord) -> str:
    decision = record.decision
    human = f"<small>A person must look: {escape(', '.join(decision.human_reasons))}</small>"
    return (
        f'<div class="banner" style="{_coloured(decision.tier.colour)}">'
        f"<strong>{escape(decision.tier.value.replace('_', ' '))}</strong>: {escape(view.waiting(decision.tier))}"
        f"<small>Patient: {escape(view.patient(record))}</small>{human if decision.needs_human else ''}</div>"
    )


def _reasons(record: TriageRecord) -> str:
    rows = []
    for reason in sorted(record.decision.reasons, key=lambda r: r.tier, reverse=True):
        where = ", ".join(view.evidence(record, item) for item in reason.evidence)
        tier = f'<span style="{_coloured(reason.tier.colour)};padding:0 .4em">{escape(reason.tier.value)}</span>'
        cells = [tier, *(escape(text) for text in (reason.source.value, reason.rule, reason.detail, where))]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table>{''.join(rows)}</table>" if rows else "no rule fired"


def _note(record: TriageRecord) -> str:
    blocks = []
    for title, lines in view.sections(record):
        items = "".join(f"<li>{_line(line)}</li>" for line in lines)
        blocks.append(f"<strong>{escape(title)}</strong><ul>{items}</ul>")
    return "".join(blocks) or "no statement"


def _line(line: view.Line) -> str:
    where = f' <span class="dim">[{escape("; ".join(line.evidence))}]</span>' if line.evidence else ""
    mark = f' <span class="mark">⚠ {escape(line.mark)}</span>' if line.mark else ""
    return escape(line.text) + where + mark


def _heard(record: TriageRecord, audio: Recording | None) -> str:
    rows = "".join(_segment(segment, audio) for segment in record.transcript.segments)
    table = f"<table>{rows}</table>" if rows else ""
    return f"{escape(view.heard(record))}{table}<div>Sounds: {escape(view.sounds(record))}</div>"


def _segment(segment: Segment, audio: Recording | None) -> str:
    english = segment.english if segment.english and segment.english != segment.text else None
    words = escape(view.words(segment)) + (f"<br><em>{escape(english)}</em>" if english else "")
    player = f"<td>{_player(segment, audio)}</td>" if audio is not None else ""
    return f'<tr><td class="dim">{escape(view.span(segment))}</td>{player}<td>{words}</td></tr>'


def _player(segment: Segment, audio: Recording) -> str:
    """One clip a segment: a data address cannot be shared between elements without script, and whole copies are big."""
    first, last = (round(seconds * SAMPLE_RATE_HZ) for seconds in (segment.start_s, segment.end_s))
    data = base64.b64encode(_wav(audio.samples[first:last])).decode("ascii")
    return f'<audio controls preload="none" src="data:audio/wav;base64,{data}"></audio>'


def _wav(samples: np.ndarray) -> bytes:
    """16-bit mono WAV of float32 samples in [-1, 1]."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def _failures(record: TriageRecord) -> str:
    rows = [
        f'<div class="failure">{escape(f.stage)}: <code>{escape(f.code)}</code> {escape(f.message)}</div>'
        for f in record.failures
    ]
    return _section("Failures", "".join(rows))
