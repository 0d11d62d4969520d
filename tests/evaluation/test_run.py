import pytest

from vaidya.config import RunConfig
from vaidya.errors import AudioFormatError, ConfigError, DataMissingError
from vaidya.evaluation.run import intake_of, run_case, select
from vaidya.evaluation.suite import DatasetSpec, Suite, load_suite, suite_names
from vaidya.schema import Tier, Turn
from vaidya.testing import make_case, make_record


class Pipe:
    """Gives one record and counts how often it was asked."""

    config = RunConfig(profile="made-up")

    def __init__(self, error=None):
        self.calls, self.error = 0, error

    def run(self, intake):
        self.calls += 1
        if self.error:
            raise self.error
        return make_record()


def test_a_finished_case_is_not_run_again(tmp_path):
    pipe, case = Pipe(), make_case(lines=["hello"], tier=Tier.URGENT)
    first, second = (run_case(case, "gold", pipe, tmp_path) for _ in range(2))
    assert pipe.calls == 1
    assert first == second


def test_a_changed_case_is_run_again(tmp_path):
    pipe = Pipe()
    run_case(make_case(lines=["hello"]), "gold", pipe, tmp_path)
    run_case(make_case(lines=["hello there"]), "gold", pipe, tmp_path)
    assert pipe.calls == 2


def test_a_half_written_file_is_run_again(tmp_path):
    pipe, case = Pipe(), make_case(lines=["hello"])
    run_case(case, "gold", pipe, tmp_path)
    stored = next(tmp_path.glob("*.json"))
    stored.write_text(stored.read_text()[:200])
    assert run_case(case, "gold", pipe, tmp_path).record is not None
    assert pipe.calls == 2


def test_a_case_that_cannot_be_run_is_an_outcome_with_its_code(tmp_path):
    outcome = run_case(make_case(lines=["hello"]), "gold", Pipe(AudioFormatError("x")), tmp_path)
    assert outcome.record is None
    assert outcome.reason == "AUDIO_FORMAT"


def test_the_unexpected_is_not_taken_for_a_result(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run_case(make_case(lines=["hello"]), "gold", Pipe(ZeroDivisionError()), tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_turns_enter_with_their_speakers_and_in_english_when_asked():
    turn = Turn(speaker="patient", text="சுவாசிக்க முடியவில்லை", english="I cannot breathe")
    case = make_case(language="ta", turns=(turn,), complaint="breathless")
    assert intake_of(case, "gold").transcript == f"patient: {turn.text}"
    assert intake_of(case, "gold").language == "ta"
    assert intake_of(case, "english").transcript == "patient: I cannot breathe"
    assert intake_of(case, "english").language == "en"
    assert intake_of(case, "complaint").transcript is None
    assert intake_of(case, "complaint").complaint == "breathless"


def test_a_larger_limit_contains_the_smaller_one():
    small, left = select(DatasetSpec(name="cases", limit=5), seed=7)
    large, _ = select(DatasetSpec(name="cases", limit=9), seed=7)
    assert {case.id for case in small} < {case.id for case in large}
    assert left > 0


@pytest.mark.parametrize("name", suite_names())
def test_declared_suites_are_valid(name):
    assert load_suite(name).suite == name


def test_a_misspelt_suite_is_refused(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("suite: s\ndescription: d\ndatasets: [{name: cases, limt: 3}]\nscorers: [triage]\n")
    with pytest.raises(ConfigError, match="limt"):
        load_suite(str(path))
    with pytest.raises(ConfigError):
        load_suite("no-such-suite")


def test_a_suite_without_its_data_says_which_is_missing(monkeypatch, tmp_path):
    from vaidya.evaluation import run
    from vaidya.settings import Settings

    monkeypatch.setattr("vaidya.corpora.sets.settings", lambda: Settings(data=tmp_path))
    suite = Suite(suite="s", description="d", datasets=({"name": "ktas1267"},), scorers=("triage",))
    with pytest.raises(DataMissingError, match="ktas1267"):
        run.present(suite)
