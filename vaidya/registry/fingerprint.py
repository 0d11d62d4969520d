"""What a version answers on a few cases, kept with it, so that a running endpoint can be compared with what was judged.

The cases travel inside the artifact with their recordings: a rehearsal needs no checkout. They are synthetic or
published ones only.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from vaidya.errors import ConfigError
from vaidya.pipeline import Pipeline
from vaidya.registry.model import canonical
from vaidya.registry.request import FIELDS, intake_of
from vaidya.schema import Case, TriageRecord
from vaidya.schema.base import Contract

FINGERPRINT = "fingerprint.json"
Part = Literal["tier", "decision", "transcript", "findings", "note", "whole"]
PARTS: tuple[Part, ...] = ("tier", "decision", "transcript", "findings", "note", "whole")


class Rehearsal(Contract):
    """One case as a request, and what the version answered: the tier in clear, the parts as sha256.

    request: the fields of a request (`vaidya.registry.request.FIELDS`). seconds: what it took when it was registered.
    """

    case_id: str
    request: dict[str, str | float | bool | None]
    answer: dict[str, str]
    seconds: float


def answer(record: TriageRecord) -> dict[str, str]:
    """The tier, and a digest of each part of a record without its times and its machine.

    What depends on the engine's cache is left out: how many tokens came from it, and probabilities, whose last digits
    change with how many tokens were read at once.
    """
    plain: dict[str, Any] = json.loads(canonical(record.model_dump_json(), machine=False))
    for name in ("tokens", "model_tier_probabilities"):
        plain.pop(name, None)
    digests = {part: _digest(plain[part]) for part in ("decision", "transcript", "findings", "note")}
    return {"tier": record.decision.tier.value, **digests, "whole": _digest(plain)}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def request_of(case: Case, audio: bytes | None) -> dict[str, str | float | bool | None]:
    """A case as a request.

    Raises:
        ConfigError: the case has neither a recording nor a complaint nor a vital sign.
    """
    vitals = case.vitals.measured()
    request = {
        "audio": base64.b64encode(audio).decode("ascii") if audio else None,
        "vitals": json.dumps(vitals) if vitals else None,
        "age": case.patient.age,
        "sex": case.patient.sex.value if case.patient.sex else None,
        "pregnant": case.patient.pregnant,
        "language": case.language if audio else None,
        "complaint": case.complaint,
    }
    if not any(request[name] for name in ("audio", "vitals", "complaint")):
        raise ConfigError(f"case {case.id!r} has no recording, complaint or vital sign to rehearse with")
    return {name: request[name] for name in FIELDS}


def rehearse_here(pipeline: Pipeline, requests: Mapping[str, Mapping[str, Any]]) -> list[Rehearsal]:
    """What this pipeline answers, request by request."""
    made = []
    for case_id, request in requests.items():
        record = pipeline.run(intake_of(request, pipeline.config.audio))
        seconds = record.timings.get("total", 0.0)
        made.append(Rehearsal(case_id=case_id, request=dict(request), answer=answer(record), seconds=seconds))
    return made


def dump(rehearsals: Iterable[Rehearsal]) -> str:
    """The text of the fingerprint file."""
    return json.dumps([r.model_dump(mode="json") for r in rehearsals], ensure_ascii=False, indent=1)


def parse(text: str) -> list[Rehearsal]:
    """The rehearsals of a fingerprint file."""
    return [Rehearsal.model_validate(row) for row in json.loads(text)]


def differing(expected: Mapping[str, str], found: Mapping[str, str]) -> Sequence[str]:
    """The parts in which two answers differ, the most serious first; empty when they are the same."""
    return [part for part in PARTS if expected.get(part) != found.get(part)]
