"""What a rehearsal says of a live endpoint, also of one that refuses some cases."""

import pytest

from vaidya.cli.deploy import _price
from vaidya.config import PriceConfig, RunConfig
from vaidya.deploy.rehearse import rehearse
from vaidya.errors import DeploymentError
from vaidya.pipeline import Pipeline
from vaidya.registry.fingerprint import rehearse_here
from vaidya.registry.request import intake_of

REQUESTS = {
    "sick": {"vitals": '{"spo2": 86, "respirations": 30}', "complaint": "breathless"},
    "refill": {"complaint": "needs more tablets"},
}


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(RunConfig(profile="made-up"))


@pytest.fixture(scope="module")
def registered(pipeline):
    return rehearse_here(pipeline, REQUESTS)


def test_a_case_that_is_refused_does_not_keep_the_others_from_being_asked(pipeline, registered):
    def ask(request):
        if request["complaint"] == "breathless":
            raise DeploymentError("the server refused: QUEUE_FULL: come back")
        return pipeline.run(intake_of(request, pipeline.config.audio))

    report = rehearse(ask, registered, PriceConfig(on_demand_per_hour=3600.0))
    sick, refill = report.replayed
    assert (sick.tier, sick.differs) == (None, ())
    assert "QUEUE_FULL" in sick.error
    assert (refill.error, refill.differs, refill.tier) == (None, (), refill.expected_tier)
    assert not report.same
    assert report.cost_per_consultation == pytest.approx(refill.seconds)  # a dollar a second, of answers only
    assert (sick.registered_s, refill.registered_s) == tuple(case.seconds for case in registered)


def test_an_endpoint_that_answers_nothing_has_no_times_and_no_cost(registered):
    def ask(_request):
        raise DeploymentError("cannot be reached")

    report = rehearse(ask, registered, PriceConfig(on_demand_per_hour=1.0))
    assert (report.same, report.median_s, report.slowest_s, report.cost_per_consultation) == (False, None, None, None)


def test_only_what_was_registered_is_compared(pipeline, registered):
    """Of a suite's case the evaluation keeps the tier."""
    only_tier = [case.model_copy(update={"answer": {"tier": case.answer["tier"]}}) for case in registered]
    assert rehearse(lambda request: pipeline.run(intake_of(request, pipeline.config.audio)), only_tier).same


def test_the_price_is_that_of_the_instance():
    config = RunConfig(profile="p", price={"on_demand_per_hour": 1.4}, deploy={"instance_type": "ml.g5.xlarge"})
    assert _price(config, None, "ml.g5.xlarge").on_demand_per_hour == 1.4
    assert _price(config, None, None).on_demand_per_hour == 1.4  # a server that is not SageMaker's
    assert _price(config, None, "ml.g6.xlarge") is None
    assert _price(config, 0.9, "ml.g6.xlarge").on_demand_per_hour == 0.9
