"""The rules on public sets, whichever half of them lies under VAIDYA_DATA: bounds that chance alone does not break."""

import pytest

from vaidya.corpora import read_cases
from vaidya.errors import DataMissingError
from vaidya.evaluation.baseline import news2_alone
from vaidya.evaluation.rules_only import rules_tier
from vaidya.evaluation.triage import acceptable_tiers
from vaidya.evaluation.triage_errors import emergency_recall, over_triage, severe_under_triage, under_triage


@pytest.fixture(scope="module")
def judged(request, data_folder):
    try:
        cases = [case for case in read_cases(request.param) if acceptable_tiers(case)]
    except DataMissingError as error:
        pytest.skip(str(error))
    return cases, [acceptable_tiers(case) for case in cases]


@pytest.mark.data
@pytest.mark.parametrize("judged", ["ktas1267"], indirect=True)
def test_real_emergency_visits(judged):
    cases, wanted = judged
    tiers = [rules_tier(case) for case in cases]
    alone = under_triage(wanted, [news2_alone(case) for case in cases])
    assert under_triage(wanted, tiers).value < 0.25 * alone.value
    assert severe_under_triage(wanted, tiers).value < 0.03
    assert over_triage(wanted, tiers).value < 0.45
    assert emergency_recall(wanted, tiers).value > 0.7


@pytest.mark.data
@pytest.mark.parametrize("judged", ["physician200", "semigran45"], indirect=True)
def test_written_emergencies(judged):
    cases, wanted = judged
    tiers = [rules_tier(case) for case in cases]
    assert severe_under_triage(wanted, tiers).value < 0.15
    assert emergency_recall(wanted, tiers).value > 0.6
