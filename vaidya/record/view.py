"""What a reader of a record is shown, as plain text in order; `page` and `html` only dress it.

Both pages read from here, so the terminal and the notebook can never tell two stories of one record.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vaidya.schema import SECTIONS, AudioFlag, Consciousness, Segment, Statement, Tier, TranscriptState, TriageRecord
from vaidya.units import VITAL_UNITS

SAFETY_NOTICE = (
    "Decision support, not a medical device: a clinician reviews every record before anything is done because of it."
)

LABELS = {
    **{name: unit.label for name, unit in VITAL_UNITS.items()},
    "consciousness": "consciousness",
    "on_oxygen": "breathing oxygen",
}
CONSCIOUSNESS_WORDS = {
    Consciousness.ALERT: "alert",
    Consciousness.NEW_CONFUSION: "new confusion",
    Consciousness.VOICE: "responds to voice",
    Consciousness.PAIN: "responds to pain",
    Consciousness.UNRESPONSIVE: "unresponsive",
}
HEARD = {
    TranscriptState.SPEECH: "speech",
    TranscriptState.NO_SPEECH: "no speech: no note is drafted from this recording",
    TranscriptState.UNRELIABLE: "speech that could not be transcribed reliably: listen to the recording",
    TranscriptState.FAILED: "not transcribed: listen to the recording",
}
FLAGS = {
    AudioFlag.TRUNCATED: "the file is cut off or damaged: part of what was recorded is lost",
    AudioFlag.CLIPPED: "too loud: the sound is clipped",
    AudioFlag.SILENT: "almost nothing but silence",
    AudioFlag.QUIET: "very quiet",
}
NO_WORDS = "[not understood: listen to it]"


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of the note as it is shown. mark: why it must not be relied on, empty when it is supported."""

    text: str
    evidence: tuple[str, ...]
    mark: str


def waiting(tier: Tier) -> str:
    """How soon a clinician sees the patient, in words."""
    return "a clinician at once" if tier.within_minutes == 0 else f"a clinician within {tier.within_minutes} minutes"


def span(segment: Segment) -> str:
    """A segment's times within the recording; the line of a text, which has none."""
    if not segment.end_s:
        return f"line {segment.id + 1}"
    return f"{clock(segment.start_s)}–{clock(segment.end_s)}"


def clock(seconds: float) -> str:
    """Minutes and seconds with a tenth, as a player shows them.

    >>> clock(75.25)
    '1:15.2'
    """
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def measured(record: TriageRecord) -> list[tuple[str, str]]:
    """Each measured vital sign with its value and unit; nothing that was not measured."""
    return [(LABELS[name], vital_text(record, name)) for name in record.vitals.measured()]


def vital_text(record: TriageRecord, name: str) -> str:
    """One measured vital sign as text."""
    value = getattr(record.vitals, name)
    if isinstance(value, Consciousness):
        return CONSCIOUSNESS_WORDS[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = VITAL_UNITS[name].unit
    return f"{value:g} {unit}"


def missing(record: TriageRecord) -> list[str]:
    """What nobody measured or said: the vital signs, then the patient's age, sex and, where it matters, pregnancy."""
    vitals = [label for name, label in LABELS.items() if getattr(record.vitals, name) is None]
    patient = [name for name in ("age", "sex") if getattr(record.patient, name) is None]
    sex = record.patient.sex
    may_be_pregnant = record.patient.pregnant is None and (sex is None or sex.value != "male")
    return vitals + patient + (["pregnancy"] if may_be_pregnant else [])


def patient(record: TriageRecord) -> str:
    """Age, sex and pregnancy as far as they are known."""
    who = record.patient
    parts = [
        None if who.age is None else f"{who.age:g} years",
        who.sex.value if who.sex else None,
        {True: "pregnant", False: "not pregnant", None: None}[who.pregnant],
    ]
    return ", ".join(part for part in parts if part) or "nothing known"


def pairs(items: Iterable[tuple[str, str]]) -> str:
    """Names with their values on one line."""
    return ", ".join(f"{name} {value}" for name, value in items)


def note_state(record: TriageRecord) -> str:
    """How the note came about, and why it is not drafted."""
    note = record.note
    return note.state.value.lower() + (f": {note.reason}" if note.reason else "")


def sections(record: TriageRecord) -> list[tuple[str, list[Line]]]:
    """The note's sections that hold something, under their headings; what was withheld stands last."""
    shown = [(name.capitalize(), record.note.section(name)) for name in SECTIONS]
    withheld = ("Withheld: nothing supports it, do not act on it", record.note.withheld)
    return [(title, lines(record, found)) for title, found in (*shown, withheld) if found]


def lines(record: TriageRecord, statements: tuple[Statement, ...]) -> list[Line]:
    """Statements of one section with their evidence in words."""
    return [
        Line(s.text, tuple(evidence(record, item) for item in s.evidence), _mark(s.supported, s.flags))
        for s in statements
    ]


def _mark(supported: bool, flags: tuple[str, ...]) -> str:
    doubts = ", ".join(flag.replace("_", " ").lower() for flag in flags)
    if supported:
        return doubts
    return f"unsupported: {doubts}" if doubts else "unsupported"


def evidence(record: TriageRecord, item: str) -> str:
    """What a piece of evidence points at: times for a segment, the value for a vital, the name otherwise."""
    kind, _, name = item.partition(":")
    if kind == "segment":
        found = [s for s in record.transcript.segments if s.id == int(name)]
        return span(found[0]) if found else f"segment {name}"
    if kind == "vital" and name in LABELS and getattr(record.vitals, name) is not None:
        return f"{LABELS[name]} {vital_text(record, name)}"
    return f"{kind} {name.replace(':', ' ')}".strip()


def heard(record: TriageRecord) -> str:
    """The state of the transcript, its language with the probability, and the reasons for doubt in words or sound."""
    transcript = record.transcript
    parts = ["nothing: no recording was given" if _no_recording(record) else HEARD[transcript.state]]
    if transcript.language:
        sure = transcript.language_probability
        parts.append(f"language {transcript.language}" + (f" ({sure:.0%})" if sure is not None else " (as given)"))
    parts += [reason.replace("_", " ").lower() for reason in transcript.reasons]
    parts += [FLAGS[flag] for flag in (record.recording.flags if record.recording else ())]
    return "; ".join(parts)


def words(segment: Segment) -> str:
    """What a segment holds; a stretch whose words were withheld says so, with the reasons for doubt."""
    doubts = ", ".join(flag.replace("_", " ").lower() for flag in segment.flags)
    return " ".join(filter(None, (segment.text or NO_WORDS, f"({doubts})" if doubts else "")))


def _no_recording(record: TriageRecord) -> bool:
    unread = any(failure.stage == "audio" for failure in record.failures)
    return record.recording is None and not record.transcript.segments and not unread


def sounds(record: TriageRecord) -> str:
    """What was heard besides words, and what it counts for."""
    findings = record.findings
    parts = [f"{findings.state.value.replace('_', ' ').lower()} by {findings.encoder}"]
    if findings.cough_count is not None:
        parts.append(f"{findings.cough_count} cough{'' if findings.cough_count == 1 else 's'}")
    if findings.breathing_rate_per_min is not None:
        parts.append(f"breathing about {findings.breathing_rate_per_min:.0f}/min")
    parts.append(f"weight in triage {findings.weight:g} ({findings.weight_reason})")
    return "; ".join(parts)


def times(record: TriageRecord) -> list[tuple[str, float]]:
    """Seconds by stage, in the order in which the record holds them."""
    return list(record.timings.items())


def origin(record: TriageRecord) -> str:
    """One line that says what made the record."""
    made = record.provenance
    commit = (made.git_commit or "no checkout")[:12] + (" with uncommitted changes" if made.dirty else "")
    weights = ", ".join(f"{w.name} {w.sha256[:8]}" for w in made.weights) or "no weights"
    return f"vaidya {made.vaidya_version}, profile {made.profile} ({made.config_digest}), {weights}, {commit}"
