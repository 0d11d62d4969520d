"""The FHIR bundle: what R4 demands, and that nothing in it was invented."""

from datetime import datetime

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from vaidya.record.fhir import ACVPU, PRIORITY, to_bundle, validated
from vaidya.schema import Consciousness, Tier, Vitals
from vaidya.units import VITAL_UNITS


def of_type(bundle: dict, name: str) -> list[dict]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == name]


def test_a_document_starts_with_its_composition_and_every_reference_resolves(record):
    bundle = to_bundle(record)
    Bundle.model_validate(bundle)
    assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    assert set(references(bundle)) <= set(urls)


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        found = [node["reference"]] if isinstance(node.get("reference"), str) else []
        return found + [r for value in node.values() for r in references(value)]
    return [r for item in node for r in references(item)] if isinstance(node, list) else []


def test_one_observation_per_measured_vital_and_none_besides(record, bare):
    codes = {o["code"]["coding"][0]["code"] for o in of_type(to_bundle(record), "Observation")}
    assert codes == {"59408-5", "8480-6", "67775-7", "371825009"}
    assert of_type(to_bundle(bare), "Observation") == []


def test_unknown_is_absent_not_filled(bare):
    bundle = to_bundle(bare)
    patient = of_type(bundle, "Patient")[0]
    assert set(patient) == {"resourceType", "id"}
    assert "reasonCode" not in of_type(bundle, "Encounter")[0]
    assert "birthDate" not in str(bundle)


def test_every_time_is_the_records_own(record, made_at):
    bundle = to_bundle(made_at(record, "2020-02-29T23:59:58+00:00"))
    stamps = {bundle["timestamp"], of_type(bundle, "Composition")[0]["date"]}
    stamps |= {o["issued"] for o in of_type(bundle, "Observation")}
    stamps |= {r["occurrenceDateTime"] for r in of_type(bundle, "RiskAssessment")}
    assert {datetime.fromisoformat(s) for s in stamps} == {datetime.fromisoformat("2020-02-29T23:59:58+00:00")}


def test_when_a_vital_was_measured_is_unknown_and_said_to_be(record):
    for observation in of_type(to_bundle(record), "Observation"):
        assert "effectiveDateTime" not in observation
        absent = observation["_effectiveDateTime"]["extension"]
        assert [(e["url"].rpartition("/")[2], e["valueCode"]) for e in absent] == [("data-absent-reason", "unknown")]


def test_nothing_is_final_before_a_clinician_has_looked(record):
    bundle = to_bundle(record)
    for name in ("Composition", "Observation", "RiskAssessment"):
        assert {r["status"] for r in of_type(bundle, name)} == {"preliminary"}


def test_withheld_statements_stay_behind_and_unsupported_ones_are_marked(record):
    sections = {s["title"]: s for s in of_type(to_bundle(record), "Composition")[0]["section"]}
    assert "aspirin" not in str(sections)
    assert "[unsupported] Known &lt;b&gt;diabetes&lt;/b&gt;." in sections["Assessment"]["text"]["div"]
    assert sections["Plan"]["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_the_tier_is_in_the_risk_assessment_with_its_reasons(record):
    risk = of_type(to_bundle(record), "RiskAssessment")[0]
    assert risk["prediction"][0]["qualitativeRisk"]["text"] == "URGENT"
    assert "chest_pain" in risk["prediction"][0]["rationale"]
    assert risk["mitigation"] == "a clinician within 10 minutes"


@pytest.mark.parametrize("tier", list(Tier))
def test_every_tier_has_a_priority_and_only_semi_urgent_lacks_a_code(record, tier):
    decision = record.decision.model_copy(update={"tier": tier})
    priority = of_type(to_bundle(record.model_copy(update={"decision": decision})), "Encounter")[0]["priority"]
    assert priority["text"] == tier.value
    assert ("coding" in priority) == (tier in PRIORITY)


@pytest.mark.parametrize("level", list(Consciousness))
def test_every_level_of_consciousness_has_its_snomed_code(record, level):
    bundle = to_bundle(record.model_copy(update={"vitals": Vitals(consciousness=level)}))
    assert of_type(bundle, "Observation")[0]["valueCodeableConcept"]["coding"][0]["code"] == ACVPU[level][0]


def test_a_malformed_bundle_is_refused():
    with pytest.raises(ValueError, match="class"):
        validated(
            {"resourceType": "Bundle", "type": "document", "entry": [{"resource": {"resourceType": "Encounter"}}]}
        )


NUMBERS = {
    name: st.none() | st.floats(unit.low, unit.high, allow_nan=False).map(lambda v: round(v, 1))
    for name, unit in VITAL_UNITS.items()
    if name != "dbp"
}


@settings(max_examples=25, deadline=None)
@given(values=st.fixed_dictionaries(NUMBERS))
def test_each_number_comes_out_as_it_went_in(bare, values):
    vitals = Vitals(**values)
    bundle = to_bundle(bare.model_copy(update={"vitals": vitals}))
    found = {o["code"]["text"]: float(o["valueQuantity"]["value"]) for o in of_type(bundle, "Observation")}
    assert found == {VITAL_UNITS[name].label: value for name, value in vitals.measured().items()}
