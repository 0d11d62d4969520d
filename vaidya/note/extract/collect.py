"""All extractors over one transcript."""

from collections.abc import Sequence

from vaidya.note.extract.details import detail_facts
from vaidya.note.extract.facts import ExtractedFact, FactKind, in_order
from vaidya.note.extract.history import history_facts
from vaidya.note.extract.measures import measure_facts
from vaidya.note.extract.medicines import allergy_facts, medicine_facts
from vaidya.note.extract.mentions import mentions
from vaidya.note.extract.spoken_exam import exam_facts, plan_facts
from vaidya.note.heard import Heard


def extract_facts(spoken: Sequence[Heard]) -> tuple[ExtractedFact, ...]:
    """Every fact that rules find in the sentences heard, in the order in which a note lists them."""
    return in_order(
        (
            *history_facts(mentions(spoken)),
            *measure_facts(spoken),
            *medicine_facts(spoken),
            *allergy_facts(spoken),
            *exam_facts(spoken),
            *plan_facts(spoken),
            *detail_facts(spoken),
        )
    )


def critical(fact: ExtractedFact) -> bool:
    """Whether a note must not lose it; what a clinician says is left to the model, but for the medicines in it."""
    return fact.kind not in (FactKind.EXAM, FactKind.PLAN) or fact.name == fact.name.split(" ")[0]
