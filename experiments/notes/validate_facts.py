"""What the fact match is worth: facts sought in their own dialogue, in another patient's, and in the doctor's note.

A fact of a clinician's checklist was said in its own consultation, so a miss there is the match's; in another
consultation it was mostly not said, so a hit there is mostly the match's. Run with VAIDYA_DATA set:

    python experiments/notes/validate_facts.py
"""

import re
from collections.abc import Callable, Sequence

from vaidya.corpora import read_cases
from vaidya.evaluation.interval import pooled_bootstrap
from vaidya.evaluation.note_facts import fact_in
from vaidya.evaluation.rate import Rate, pooled
from vaidya.evaluation.run import generator
from vaidya.schema import Case

_ANOTHER = 3  # the case whose dialogue stands in for a wrong one: so many places further on


def main() -> None:
    cases = [case for case in read_cases("primock57") if case.facts]
    others = {case.id: cases[(i + _ANOTHER) % len(cases)] for i, case in enumerate(cases)}
    _report("own dialogue, one turn at a time", cases, lambda case: _exchanges(case, 1))
    _report("own dialogue, two turns", cases, lambda case: _exchanges(case, 2))
    _report("own dialogue, three turns", cases, lambda case: _exchanges(case, 3))
    _report("another patient's dialogue, two turns", cases, lambda case: _exchanges(others[case.id], 2))
    _report("the doctor's note, a sentence at a time", cases, lambda case: re.split(r"\n|(?<=[.])\s", case.note or ""))


def _report(name: str, cases: Sequence[Case], texts: Callable[[Case], Sequence[str]]) -> None:
    found = [_found(case, texts(case)) for case in cases]
    low, high = pooled_bootstrap(found, rng=generator(7, name))
    total = pooled(found)
    print(f"{name}: {total.errors:.0f}/{total.total:.0f} found = {total.value:.3f} [{low:.3f}, {high:.3f}]")


def _found(case: Case, texts: Sequence[str]) -> Rate:
    critical = [fact for fact in case.facts if fact.critical]
    return Rate(sum(fact_in(fact, texts) for fact in critical), len(critical))


def _exchanges(case: Case, turns: int) -> list[str]:
    said = [turn.text for turn in case.turns]
    return [" ".join(said[i : i + turns]) for i in range(len(said))]


if __name__ == "__main__":
    main()
