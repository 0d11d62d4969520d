"""A record as a page on the terminal (rich)."""

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vaidya.record import view
from vaidya.schema import TriageRecord

STYLES = {
    "red": "white on red",
    "orange": "black on dark_orange",
    "yellow": "black on yellow",
    "green": "white on green",
}


def show(record: TriageRecord, console: Console | None = None) -> None:
    """Print the page of a record. Patient words are printed as text: markup inside them does nothing."""
    (console or Console()).print(page(record))


def page(record: TriageRecord) -> RenderableType:
    """Tier with its reasons, note with evidence, what was heard, what is missing, failures, time per stage."""
    return Group(
        _banner(record),
        _block("Why", _reasons(record)),
        _block(f"Note ({view.note_state(record)})", _note(record)),
        _block("Heard", _heard(record)),
        _block("Measured", Text(view.pairs(view.measured(record)) or "no vital sign was measured")),
        _block("Missing", Text(", ".join(view.missing(record)) or "nothing")),
        *_failures(record),
        _block("Time", Text(view.pairs((name, f"{seconds:.2f} s") for name, seconds in view.times(record)))),
        Text(view.origin(record), style="dim"),
        Text(view.SAFETY_NOTICE, style="italic"),
    )


def _banner(record: TriageRecord) -> RenderableType:
    decision = record.decision
    style = STYLES[decision.tier.colour]
    words = Text(f"{decision.tier.value.replace('_', ' ')}: {view.waiting(decision.tier)}", style=f"bold {style}")
    words.append(f"\nPatient: {view.patient(record)}")
    if decision.needs_human:
        words.append("\nA person must look: " + ", ".join(decision.human_reasons))
    return Panel(words, style=style, title=f"record {record.record_id}")


def _block(title: str, content: RenderableType) -> RenderableType:
    return Group(Text(title, style="bold underline"), content, Text(""))


def _reasons(record: TriageRecord) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    for reason in sorted(record.decision.reasons, key=lambda r: r.tier, reverse=True):
        tier = Text(reason.tier.value, style=STYLES[reason.tier.colour])
        where = ", ".join(view.evidence(record, item) for item in reason.evidence)
        table.add_row(tier, Text(reason.source.value), Text(reason.rule), Text(reason.detail), Text(where, style="dim"))
    return table if record.decision.reasons else Text("no rule fired")


def _note(record: TriageRecord) -> RenderableType:
    parts: list[RenderableType] = []
    for title, lines in view.sections(record):
        parts += [Text(title, style="bold"), *(_line(line) for line in lines)]
    return Group(*parts) if parts else Text("no statement")


def _line(line: view.Line) -> Text:
    text = Text("  • ").append(line.text)
    if line.evidence:
        text.append("  [" + "; ".join(line.evidence) + "]", style="dim")
    if line.mark:
        text.append(f"  ⚠ {line.mark}", style="bold red")
    return text


def _heard(record: TriageRecord) -> RenderableType:
    parts: list[RenderableType] = [Text(view.heard(record))]
    for segment in record.transcript.segments:
        text = Text(f"  {view.span(segment)}  ", style="dim").append(view.words(segment), style="default")
        if segment.english and segment.english != segment.text:
            text.append(f"\n      {segment.english}", style="italic")
        parts.append(text)
    return Group(*parts, Text(f"Sounds: {view.sounds(record)}"))


def _failures(record: TriageRecord) -> list[RenderableType]:
    if not record.failures:
        return []
    rows = [Text(f"  {f.stage}: {f.code}: {f.message}", style="red") for f in record.failures]
    return [_block("Failures", Group(*rows))]
