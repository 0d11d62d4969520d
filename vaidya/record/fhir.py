"""A record as a FHIR R4 document: a Bundle built and validated by code, never by a model.

Nothing is invented: a vital that was not measured has no Observation, an unknown sex no `gender`, an age no made-up
birth date, and when a vital was measured is said to be unknown; every other time is the record's own. All of it is
`preliminary` until a clinician has reviewed it.

Sources: FHIR R4 (hl7.org/fhir/R4: bundle document, composition, riskassessment, vital-signs profile); LOINC codes of
the vital signs in `vaidya.units`; section codes from FHIR's value set doc-section-codes; SNOMED CT codes of ACVPU from
HL7 UK Core's value set UKCore-ACVPU, of supplemental oxygen from the UK's NEWS2 observations.
"""

import json
import uuid
from html import escape
from typing import Any

from vaidya import backends
from vaidya.record import view
from vaidya.schema import SECTIONS, Consciousness, SectionName, Statement, Tier, TriageRecord
from vaidya.units import VITAL_UNITS

Resource = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
TIER_SYSTEM = "urn:vaidya:tier"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vaidya:fhir")

# The vital-signs profile of oxygen saturation asks for 2708-6 beside the pulse oximeter's own code.
ALSO_CODED = {"spo2": ("2708-6", "Oxygen saturation in Arterial blood")}
ACVPU = {
    Consciousness.ALERT: ("248234008", "Mentally alert"),
    Consciousness.NEW_CONFUSION: ("130987000", "Acute confusion"),
    Consciousness.VOICE: ("300202002", "Responds to voice"),
    Consciousness.PAIN: ("450847001", "Responds to pain"),
    Consciousness.UNRESPONSIVE: ("422768004", "Unresponsive"),
}
SECTION_CODES: dict[SectionName, tuple[str, str]] = {
    "subjective": ("61150-9", "Subjective Narrative"),
    "objective": ("61149-1", "Objective Narrative"),
    "assessment": ("51848-0", "Evaluation note"),
    "plan": ("18776-5", "Plan of care note"),
}
# The vital-signs profile demands the time of measurement; an intake does not tell it.
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UNKNOWN_TIME = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
# v3-ActPriority; SEMI_URGENT has no twin there and stays text.
PRIORITY = {Tier.EMERGENCY: "EM", Tier.URGENT: "UR", Tier.ROUTINE: "R"}


def to_bundle(record: TriageRecord) -> Resource:
    """The document Bundle of one record, validated against R4, as plain JSON values.

    Composition, Patient, Encounter, Device (this software, the author), one Observation per measured vital and a
    RiskAssessment for the tier. Ids are derived from the record's, so the same record gives the same bundle.

    Raises:
        BackendMissingError: fhir.resources is not installed.
    """
    resources = [
        _patient(record),
        _encounter(record),
        _device(record),
        *(_observation(record, name) for name in record.vitals.measured()),
        _risk(record),
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": _urn(record, "Bundle")},
        "timestamp": record.provenance.created_at,
        "entry": [
            {"fullUrl": _urn(record, _local_id(resource)), "resource": resource}
            for resource in (_composition(record), *resources)
        ],
    }
    return validated(bundle)


def validated(bundle: Resource) -> Resource:
    """The bundle as fhir.resources reads and writes it; a malformed one raises pydantic's ValidationError."""
    try:
        from fhir.resources.R4B.bundle import Bundle
    except ModuleNotFoundError as error:
        raise backends.missing(error, "FHIR export") from error
    return json.loads(Bundle.model_validate(bundle).model_dump_json())


def _id(record: TriageRecord, name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{record.record_id}/{record.provenance.created_at}/{name}"))


def _urn(record: TriageRecord, name: str) -> str:
    return f"urn:uuid:{_id(record, name)}"


def _local_id(resource: Resource) -> str:
    """What tells resources of one bundle apart: the type, and for an Observation the vital it states."""
    vital = resource.get("code", {}).get("text") if resource["resourceType"] == "Observation" else None
    return f"{resource['resourceType']}/{vital}" if vital else str(resource["resourceType"])


def _reference(record: TriageRecord, name: str) -> Resource:
    return {"reference": _urn(record, name)}


def _concept(system: str, code: str, display: str, text: str | None = None) -> Resource:
    concept: Resource = {"coding": [{"system": system, "code": code, "display": display}]}
    return {**concept, "text": text} if text else concept


def _about(record: TriageRecord) -> Resource:
    return {"subject": _reference(record, "Patient"), "encounter": _reference(record, "Encounter")}


def _patient(record: TriageRecord) -> Resource:
    patient: Resource = {"resourceType": "Patient", "id": _id(record, "Patient")}
    return {**patient, "gender": record.patient.sex.value} if record.patient.sex else patient


def _encounter(record: TriageRecord) -> Resource:
    tier = record.decision.tier
    code = PRIORITY.get(tier)
    coding = {"coding": [{"system": TERMINOLOGY + "v3-ActPriority", "code": code}]} if code else {}
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": _id(record, "Encounter"),
        "status": "triaged",
        # R4 demands a class; a patient in triage has not been admitted.
        "class": {"system": TERMINOLOGY + "v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "priority": {**coding, "text": tier.value},
        "subject": _reference(record, "Patient"),
    }
    return {**encounter, "reasonCode": [{"text": record.complaint}]} if record.complaint else encounter


def _device(record: TriageRecord) -> Resource:
    return {
        "resourceType": "Device",
        "id": _id(record, "Device"),
        "deviceName": [{"name": "vaidya", "type": "model-name"}],
        "version": [{"value": record.provenance.vaidya_version}],
        "note": [{"text": f"{view.origin(record)}. {view.SAFETY_NOTICE}"}],
    }


def _observation(record: TriageRecord, name: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": _id(record, f"Observation/{view.LABELS[name]}"),
        "status": "preliminary",
        "category": [_concept(TERMINOLOGY + "observation-category", "vital-signs", "Vital Signs")],
        "code": {"coding": _vital_codes(name), "text": view.LABELS[name]},
        **_about(record),
        "issued": record.provenance.created_at,
        "_effectiveDateTime": UNKNOWN_TIME,
        **_vital_value(record, name),
    }


def _vital_codes(name: str) -> list[Resource]:
    if name == "consciousness":
        return [{"system": LOINC, "code": "67775-7", "display": "Level of responsiveness"}]
    if name == "on_oxygen":
        return [{"system": SNOMED, "code": "371825009", "display": "Patient on oxygen"}]
    codes = [{"system": LOINC, "code": VITAL_UNITS[name].loinc}]
    if name in ALSO_CODED:
        codes.append({"system": LOINC, "code": ALSO_CODED[name][0], "display": ALSO_CODED[name][1]})
    return codes


def _vital_value(record: TriageRecord, name: str) -> Resource:
    value = getattr(record.vitals, name)
    if isinstance(value, Consciousness):
        return {"valueCodeableConcept": _concept(SNOMED, *ACVPU[value], text=view.CONSCIOUSNESS_WORDS[value])}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    unit = VITAL_UNITS[name]
    return {"valueQuantity": {"value": value, "unit": unit.unit, "system": UCUM, "code": unit.ucum}}


def _observation_references(record: TriageRecord) -> list[Resource]:
    return [_reference(record, f"Observation/{view.LABELS[name]}") for name in record.vitals.measured()]


def _composition(record: TriageRecord) -> Resource:
    return {
        "resourceType": "Composition",
        "id": _id(record, "Composition"),
        "status": "preliminary",
        "type": _concept(LOINC, "54094-8", "Emergency department Triage note"),
        **_about(record),
        "date": record.provenance.created_at,
        "author": [_reference(record, "Device")],
        "title": f"Triage note ({record.note.state.value.lower()}, not reviewed)",
        "section": [_who(record), *(_section(record, name) for name in SECTIONS)],
    }


def _who(record: TriageRecord) -> Resource:
    """Age and pregnancy as somebody stated them: R4's Patient has a birth date only, and nobody gave one."""
    return {"title": "Patient as stated", "text": _narrative([view.patient(record)])}


def _section(record: TriageRecord, name: SectionName) -> Resource:
    statements = record.note.section(name)
    section: Resource = {"title": name.capitalize(), "code": _concept(LOINC, *SECTION_CODES[name])}
    if name == "objective" and record.vitals.measured():
        section["entry"] = _observation_references(record)
    if statements:
        return {**section, "text": _narrative([_marked(statement) for statement in statements])}
    if "entry" in section:
        return section
    return {**section, "emptyReason": _concept(TERMINOLOGY + "list-empty-reason", "unavailable", "Unavailable")}


def _marked(statement: Statement) -> str:
    return statement.text if statement.supported else f"[unsupported] {statement.text}"


def _narrative(items: list[str]) -> Resource:
    body = "".join(f"<li>{escape(item)}</li>" for item in items)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><ul>{body}</ul></div>'}


def _risk(record: TriageRecord) -> Resource:
    decision = record.decision
    prediction: Resource = {
        "qualitativeRisk": {
            "coding": [{"system": TIER_SYSTEM, "code": decision.tier.value}],
            "text": decision.tier.value,
        }
    }
    if decision.reasons:
        prediction["rationale"] = "; ".join(f"{r.source.value} {r.rule}: {r.tier.value}" for r in decision.reasons)
    risk: Resource = {
        "resourceType": "RiskAssessment",
        "id": _id(record, "RiskAssessment"),
        "status": "preliminary",
        "method": {"text": "most severe of vital-sign rules (NEWS2), red flags, complaint, model and earned sound"},
        **_about(record),
        "occurrenceDateTime": record.provenance.created_at,
        "performer": _reference(record, "Device"),
        "prediction": [prediction],
        "mitigation": view.waiting(decision.tier),
    }
    if record.vitals.measured():
        risk["basis"] = _observation_references(record)
    if decision.needs_human:
        risk["note"] = [{"text": "a person must look: " + ", ".join(decision.human_reasons)}]
    return risk
