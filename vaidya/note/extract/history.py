"""Symptoms, known conditions, pregnancy, habits and family history: one fact a concept."""

from collections.abc import Callable, Sequence

from vaidya.language import Experiencer
from vaidya.note.extract.facts import ExtractedFact, FactKind, capital
from vaidya.note.extract.mentions import Mention
from vaidya.schema import Speaker

# Concepts that stand for several illnesses: the note keeps the word that was said.
_BROAD = frozenset(
    (
        *("surgery", "thyroid disease", "ischaemic heart disease", "cancer", "kidney disease", "liver disease"),
        *("arthritis", "inflammatory bowel disease", "viral infection", "blood clot", "learning disability"),
    )
)
_AT_MOST = 2  # mentions cited as evidence of one fact


def history_facts(found: Sequence[Mention]) -> tuple[ExtractedFact, ...]:
    """One fact for each concept that was affirmed or denied; a symptom of a relative in the past is family history."""
    grouped: dict[tuple[str, str], list[Mention]] = {}
    for mention in found:
        kind = "family" if mention.whose is Experiencer.HISTORY else mention.found.kind
        if mention.whose is Experiencer.RELATIVE:
            continue  # a husband's asthma is neither the patient's nor the family's
        if kind in _TEXTS and mention.found.kind in _TEXTS:
            grouped.setdefault((kind, mention.found.name), []).append(mention)
    return tuple(_fact(kind, name, group) for (kind, name), group in grouped.items())


def _fact(kind: str, name: str, group: Sequence[Mention]) -> ExtractedFact:
    denied = settled(group)
    used = [mention for mention in group if mention.denied is denied][:_AT_MOST]
    evidence = tuple(dict.fromkeys(item for mention in used for item in mention.evidence))
    wording = group[0].found.said if name in _BROAD else name
    return ExtractedFact(FactKind(kind), name, _TEXTS[kind](wording, denied), denied, "subjective", evidence)


def settled(group: Sequence[Mention]) -> bool:
    """Whether a concept counts as denied: nobody affirmed it. The patient's word goes before the clinician's."""
    patient = [m for m in group if m.speaker is not Speaker.CLINICIAN or len(m.evidence) > 1]
    return all(mention.denied for mention in (patient or group))


def _symptom(name: str, denied: bool) -> str:
    return f"No {name}" if denied else capital(name)


def _condition(name: str, denied: bool) -> str:
    return f"No history of {name}" if denied else f"History of {name}"


def _family(name: str, denied: bool) -> str:
    return f"No family history of {name}" if denied else f"Family history of {name}"


def _pregnancy(_: str, denied: bool) -> str:
    return "Not pregnant" if denied else "Pregnant"


def _habit(name: str, denied: bool) -> str:
    return f"No {name}" if denied else f"{capital(name)}: yes"


_TEXTS: dict[str, Callable[[str, bool], str]] = {
    "symptom": _symptom,
    "condition": _condition,
    "pregnancy": _pregnancy,
    "social": _habit,
    "family": _family,
}
