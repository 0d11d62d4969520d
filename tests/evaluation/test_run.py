import pytest

from vaidya.config import RunConfig
from vaidya.errors import AudioFormatError, BackendMissingError, ConfigError, WeightsError
from vaidya.evaluation.entry import intake_of
from vaidya.evaluation.kept import code_files
from vaidya.evaluation.run import run_case
from vaidya.evaluation.suite import load_suite, suite_names
from vaidya.schema import Failure, Tier, Turn
from vaidya.testing import make_case, make_record


class Pipe:
    """Gives one record and counts how often it was asked."""

    config = RunConfig(profile="made-up")

    def __init__(self, error=None, record=None):
        self.calls, self.error, self.record = 0, error, record

    def run(self, intake):
        self.calls += 1
        if self.error:
            raise self.error
        return self.record or make_record()


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


@pytest.mark.parametrize("code", ["STAGE_TIMEOUT", "GENERATION_TIMEOUT", "GENERATION_UNAVAILABLE", "INTERNAL"])
def test_what_may_pass_is_tried_again(tmp_path, code):
    """Many cases at once can run into a time limit that one alone does not."""
    failed = make_record(failures=(Failure(stage="note", code=code, message="m"),))
    pipe, case = Pipe(record=failed), make_case(lines=["hello"])
    outcomes = [run_case(case, "gold", pipe, tmp_path) for _ in range(2)]
    assert pipe.calls == 2
    assert outcomes[0].record == failed


@pytest.mark.parametrize("code", ["AUDIO_EMPTY", "NOTE_FORMAT", "GENERATION_TRUNCATED"])
def test_what_fails_again_on_the_same_input_is_kept(tmp_path, code):
    pipe = Pipe(record=make_record(failures=(Failure(stage="note", code=code, message="m"),)))
    for _ in range(2):
        run_case(make_case(lines=["hello"]), "gold", pipe, tmp_path)
    assert pipe.calls == 1


@pytest.mark.parametrize("kind", [WeightsError, BackendMissingError, ConfigError])
def test_a_machine_without_weights_or_libraries_stops_the_run_and_is_not_judged(tmp_path, kind):
    case = make_case(lines=["hello"])
    stood_in = make_record(failures=(Failure(stage="note", code=kind.code, message="say what to do"),))
    for pipe in (Pipe(kind("say what to do")), Pipe(record=stood_in)):
        with pytest.raises(kind, match="say what to do"):
            run_case(case, "gold", pipe, tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_the_code_under_which_cases_are_kept_holds_what_makes_an_intake_of_them():
    files = {"/".join(path.parts[-2:]) for path in code_files()}
    assert {"evaluation/entry.py", "vaidya/units.py", "vaidya/config.py", "vaidya/pipeline.py"} <= files
    assert not {name for name in files if name.endswith(".pyc")}


def test_turns_enter_with_their_speakers_and_in_english_when_asked():
    turn = Turn(speaker="patient", text="சுவாசிக்க முடியவில்லை", english="I cannot breathe")
    case = make_case(language="ta", turns=(turn,), complaint="breathless")
    assert intake_of(case, "gold").transcript == f"patient: {turn.text}"
    assert intake_of(case, "gold").language == "ta"
    assert intake_of(case, "english").transcript == "patient: I cannot breathe"
    assert intake_of(case, "english").language == "en"
    assert intake_of(case, "complaint").transcript is None
    assert intake_of(case, "complaint").complaint == "breathless"


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


def test_a_misspelt_baseline_arm_or_dataset_is_refused_before_any_case_is_run(tmp_path):
    suite = load_suite("note_quality")
    with pytest.raises(ConfigError, match=r"'longest_trun'.*longest_turn"):
        suite.beside(("longest_trun",))
    with pytest.raises(ConfigError, match=r"no arm \['modell alone'\]; it has vaidya, model alone"):
        suite.only(arms=("modell alone",))
    with pytest.raises(ConfigError, match="no dataset"):
        suite.only(datasets=("case",))
    path = tmp_path / "s.yaml"
    path.write_text("suite: s\ndescription: d\ndatasets: [{name: cases}]\nscorers: [note]\nbaselines: [longest]\n")
    with pytest.raises(ConfigError, match="'longest'"):
        load_suite(str(path))


def test_a_suite_is_narrowed_to_some_arms():
    assert [arm.name for arm in load_suite("note_quality").only(arms=("extractive",)).arms] == ["extractive"]
    assert load_suite("note_quality").only() == load_suite("note_quality")
