"""What is done for every patient of a tier, whoever they are: the plan when no clinician has spoken one.

Times to a clinician are the tiers' own (`Tier.within_minutes`). How often vital signs are repeated follows NEWS2's
clinical response (Royal College of Physicians 2017, chart 4): continuously, hourly, 4-hourly, 12-hourly.
They name no drug, dose, diagnosis or treatment.
"""

from vaidya.schema import Origin, SoapNote, Statement, Tier

_ACTIONS: dict[Tier, tuple[str, ...]] = {
    Tier.EMERGENCY: (
        "A clinician sees the patient at once",
        "Stay with the patient; monitor vital signs continuously",
    ),
    Tier.URGENT: (
        "A clinician sees the patient within 10 minutes",
        "Keep the patient in sight; repeat vital signs at least hourly",
    ),
    Tier.SEMI_URGENT: (
        "A clinician sees the patient within 60 minutes",
        "Repeat vital signs at least every 4 hours, and at once if the patient gets worse",
    ),
    Tier.ROUTINE: (
        "A clinician sees the patient within 240 minutes",
        "Repeat vital signs at least every 12 hours, and at once if the patient gets worse",
    ),
}
LABEL = "Standing action: "


def standing_actions(tier: Tier) -> tuple[Statement, ...]:
    """The tier's standing actions as labelled plan statements.

    >>> standing_actions(Tier.EMERGENCY)[0].text
    'Standing action: A clinician sees the patient at once'
    """
    evidence = (f"rule:standing.{tier.value.lower()}",)
    return tuple(
        Statement(text=LABEL + text, evidence=evidence, supported=True, origin=Origin.STANDING)
        for text in _ACTIONS[tier]
    )


def with_standing_plan(note: SoapNote, tier: Tier) -> SoapNote:
    """The note with the tier's standing actions as its plan, unless a clinician's own plan is in it.

    Called once the final tier is known. An earlier tier's standing actions are replaced; unsupported plan statements
    stay, marked, behind the standing ones.
    """
    others = tuple(s for s in note.plan if s.origin is not Origin.STANDING)
    if any(statement.supported for statement in others):
        return note.model_copy(update={"plan": others})
    return note.model_copy(update={"plan": standing_actions(tier) + others})
