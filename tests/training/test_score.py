"""Scores of sections: a failure is no zero, pairs are compared case by case, baselines copy what they say they copy."""

import numpy as np
import pytest

from vaidya.errors import GenerationTruncatedError
from vaidya.evaluation.sections import SectionExample
from vaidya.training.score import gain, summary, write_all
from vaidya.training.section_baselines import copied, longest_turn, nearest

EXAMPLES = [
    SectionExample("a", "CC", "clinician: What is wrong?\npatient: A cough since Monday.\npatient: Yes.", "Cough."),
    SectionExample("b", "CC", "clinician: What is it?\npatient: My knee hurts.", "Knee pain."),
    SectionExample("c", "ALLERGY", "clinician: Any allergies to drugs like penicillin?\ncompanion: No.", "None."),
]


def test_a_perfect_writer_scores_one_and_a_failure_is_counted_apart() -> None:
    def writer(example: SectionExample) -> str:
        if example.id == "b":
            raise GenerationTruncatedError("cut")
        return example.text

    row = summary(write_all(writer, EXAMPLES, "test"), np.random.default_rng(0))
    assert (row["n_scored"], row["n_unscored"]) == (2, 1)
    assert row["rouge1"] == row["rougeLsum"] == 1.0
    assert row["rouge1_failed_0"] == pytest.approx(2 / 3)
    assert row["words"] == 1.0


def test_nothing_scored_is_undefined() -> None:
    def writer(example: SectionExample) -> str:
        raise GenerationTruncatedError(example.id)

    row = summary(write_all(writer, EXAMPLES, "test"), np.random.default_rng(0))
    assert row["rouge1"] is None
    assert row["n_unscored"] == 3


def test_a_gain_is_the_mean_of_the_paired_differences() -> None:
    right = write_all(lambda example: example.text, EXAMPLES, "right")
    wrong = write_all(lambda _: "zebra", EXAMPLES[:2], "wrong")
    value, low, high = gain(right, wrong, np.random.default_rng(0))
    assert (value, low, high) == (1.0, 1.0, 1.0)


def test_baselines_copy_the_dialogue_its_longest_turn_and_the_nearest_section() -> None:
    pytest.importorskip("sklearn")
    assert copied(EXAMPLES[1]) == "What is it? My knee hurts."
    assert longest_turn(EXAMPLES[0]) == "A cough since Monday."
    assert longest_turn(EXAMPLES[2]) == "Any allergies to drugs like penicillin?"
    asked = SectionExample("d", "CC", "clinician: What hurts?\npatient: Both knee joints hurt, the knee most.", "")
    assert nearest(EXAMPLES)(asked) == "Knee pain."
